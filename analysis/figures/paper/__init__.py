"""Figures 5 to 11 of FedAdapter (MobiCom'23) in their own layouts, a panel or a row a study."""
