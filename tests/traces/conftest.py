"""A small file of every format, written here: what the recordings look like, nobody's data."""

import numpy as np
import pytest

MAHIMAHI = "0\n1\n1\n3\n10\n"
PENSIEVE = "0.5\t9.9\n1.5\t4.0\n4.0\t0.0\n5.0\t8.0\n"
SABRE = """[
  {"duration_ms": 2000, "bandwidth_kbps": 4000, "latency_ms": 20},
  {"duration_ms": 1000, "bandwidth_kbps": 0, "latency_ms": 50}
]
"""
HSDPA = """1285675666 310761 59.88 10.76 288648 1008
1285675667 311771 59.88 10.76 0 184000
1285675668 312772 NOFIX NOFIX 365824 1001
"""
GHENT = """1450274031248 725 51.04 3.73 3263799 725
1450274032248 1725 51.04 3.73 4226240 1000
"""
GNETTRACK = """Timestamp,NetworkMode,DL_bitrate,UL_bitrate,State
2020.01.16_12.10.03,5G,8000,80,D
2020.01.16_12.10.03,5G,16000,80,D
2020.01.16_12.10.05,LTE,-,160,D
2020.01.16_12.10.06,LTE,4000,-,D
"""
NYU_METS = "0.57,Mbits/sec\n800,Kbits/sec\n400,bits/sec\n"
STARLINK = (
    "timestamp_start_dl,timestamp_end_dl,download,timestamp_start_ul,timestamp_end_ul,upload\n"
    "2024-04-19 16:23:00.000000000,2024-04-19 16:23:01.000000000,80.0,"
    "2024-04-19 16:23:00.000000000,2024-04-19 16:23:01.000000000,8.0\n"
    "2024-04-19 16:23:41.000000000,2024-04-19 16:23:42.500000000,160.0,"
    "2024-04-19 16:23:41.000000000,2024-04-19 16:23:42.000000000,16.0\n"
)
OWN_CSV = "start_s,end_s,bytes_per_s\n0.0,2.0,1000.0\n2.0,2.5,0.0\n"
CAPACITY = """{"7": {"computation": 183.0, "communication": 1016.0},
 "9": {"computation": 50, "communication": 8000}}
"""
BEHAVIOUR = """{"12": {"duration": 20, "active": [10, 50], "inactive": [20, 60],
 "finish_time": 100, "model": "x"}}
"""
FLASH = """{"0": {"guid": "a", "messages": "2020-01-29 18:00:00\\tbattery_charged_on\\n\
2020-01-29 18:00:10 \\tscreen_lock\\n2020-01-29 18:00:20\\twifi\\n2020-01-29 18:00:40\\t4G\\n\
2020-01-29 18:00:50\\tscreen_unlock\\n2020-01-29 18:01:40\\tbattery_charged_off\\n\
2020-01-29 18:02:00\\t99.0%", "model": "x"}}
"""
FLAME = """{"1": [[0, "AVL_TRAIN"], [300, "UN_AVL"], [400, "AVL_EVAL"], [400, "AVL_TRAIN"],
 [1000, "AVL_EVAL"], [2000, "UN_AVL"]], "2": [[0, "UN_AVL"]]}
"""
AWARE = """time,battery_level,battery_status,battery_adaptor
1488315900.0,99,3,0
1488315800.5,100,2,2
1488316000.0,98,-1,0
1488316100.0,98,5,2
"""

IPERF3 = """{"start": {"connecting_to": {"host": "h"}, "test_start": {"reverse": 0}}, "intervals": [
 {"streams": [], "sum": {"start": 0, "end": 1, "seconds": 1.0, "bytes": 9000000,
  "bits_per_second": 72e6, "omitted": true, "sender": true}},
 {"streams": [], "sum": {"start": 0, "end": 1, "seconds": 1.0, "bytes": 1250000,
  "bits_per_second": 10e6, "omitted": false, "sender": true}},
 {"streams": [], "sum": {"start": 1, "end": 1.5, "seconds": 0.5, "bytes": 250000,
  "bits_per_second": 4e6, "omitted": false, "sender": true}}], "end": {}}
"""
GENET = """{"timestamps": [0.5, 1.0, 2.0, 2.5], "bandwidths": [1.0, 2.0, 4.0, 4.0],
 "delays": [20, 30, 20, 20], "loss": 0, "queue": 10, "delay_noise": 0, "T_s": 1}
"""
ALPHARTC = """{"type": "video", "downlink": {}, "uplink": {"trace_pattern": [
 {"duration": 200, "capacity": 0, "loss": 0, "rtt": 80, "jitter": 0, "time": 0.0},
 {"duration": 300.0, "capacity": 2000, "loss": 0, "rtt": 100, "jitter": 0, "time": 0.2}]}}
"""
SIMGRID = """# of link 1
2 2000000
4 3000000
LOOPAFTER 6
"""
WINDOWS = "device,on_s,off_s\nb,0,3600\na,7200,10800\nb,7200,9000\n"

SAMPLES = {
    "mahimahi": MAHIMAHI,
    "pensieve": PENSIEVE,
    "sabre": SABRE,
    "hsdpa": HSDPA,
    "ghent": GHENT,
    "gnettrack": GNETTRACK,
    "nyu-mets": NYU_METS,
    "starlink": STARLINK,
    "iperf3": IPERF3,
    "genet": GENET,
    "alphartc": ALPHARTC,
    "simgrid": SIMGRID,
    "csv": OWN_CSV,
    "fedscale-capacity": CAPACITY,
    "fedscale-behaviour": BEHAVIOUR,
    "flash": FLASH,
    "flame": FLAME,
    "aware": AWARE,
    "windows": WINDOWS,
}


@pytest.fixture(scope="session")
def native() -> dict[str, str]:
    """The text of one small file, by format."""
    return SAMPLES


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2026)
