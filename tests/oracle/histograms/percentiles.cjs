// For each line "ENCODED PERCENTILE...": the count, the maximum, the mean and the values at the percentiles.
const hdr = require("hdr-histogram-js");
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n");
for (const line of lines) {
  const [encoded, ...percentiles] = line.split(" ");
  const histogram = hdr.decodeFromCompressedBase64(encoded);
  console.log(JSON.stringify({
    count: histogram.totalCount,
    max: histogram.maxValue,
    mean: histogram.mean,
    values: percentiles.map((percentile) => histogram.getValueAtPercentile(Number(percentile))),
  }));
}
