# SPDX-License-Identifier: BSD-2-Clause
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "sim"), os.path.join(HERE, "..", "service")]
