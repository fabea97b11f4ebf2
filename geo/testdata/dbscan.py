"""Writes dbscan.json: generated places and how scikit-learn clusters them, on distances of GeographicLib.

Needs scikit-learn and GeodSolve (Debian: python3-sklearn, geographiclib-tools). Run in this folder.
"""

import json
import subprocess

import numpy as np
from sklearn.cluster import DBSCAN

random = np.random.default_rng(5)


def places(n, clumps):
    out = []
    for _ in range(clumps):
        lon, lat = 106.6 + random.random() * 0.6, 10.6 + random.random() * 0.7
        out += [(round(lon + random.normal() * 0.012, 5), round(lat + random.normal() * 0.012, 5)) for _ in range(n // (clumps + 1))]
    while len(out) < n:
        out.append((round(106.5 + random.random() * 0.8, 5), round(10.5 + random.random() * 0.9, 5)))
    return out


def distances(points):
    pairs = [(i, j) for i in range(len(points)) for j in range(i)]
    lines = "\n".join(f"{points[i][1]} {points[i][0]} {points[j][1]} {points[j][0]}" for i, j in pairs)
    answer = subprocess.run(["GeodSolve", "-i", "-p", "6"], input=lines, capture_output=True, text=True, check=True).stdout
    out = np.zeros((len(points), len(points)))
    for (i, j), line in zip(pairs, answer.splitlines()):
        out[i, j] = out[j, i] = float(line.split()[2])
    return out


sets = []
for n, clumps, eps, min_samples in [(60, 4, 3000, 3), (120, 6, 2500, 4), (200, 8, 1800, 5), (150, 0, 4000, 2), (90, 3, 6000, 8)]:
    points = places(n, clumps)
    model = DBSCAN(eps=eps, min_samples=min_samples, metric="precomputed").fit(distances(points))
    sets.append({
        "eps": eps, "min_samples": min_samples, "points": points,
        "labels": model.labels_.tolist(), "core": model.core_sample_indices_.tolist(),
    })
with open("dbscan.json", "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(s, separators=(",", ":")) for s in sets) + "\n]\n")
