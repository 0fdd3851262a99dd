"""Figures 5 to 11 of FedAdapter (MobiCom'23) in the paper's layouts, from several studies."""
