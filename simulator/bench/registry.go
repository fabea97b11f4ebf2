package bench

import (
	"bytes"
	"fmt"
	"strings"
)

// probeStation speaks before the measurement, until the stack is seen to work from end to end.
const probeStation = "bench-probe"

// stationNames are the ids of n stations.
func stationNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("bench-%05d", i+1)
	}
	return out
}

// registryFile is a registry with the stations, all under limits, so that the default rules judge every value.
func registryFile(stations []string) []byte {
	var b bytes.Buffer
	b.WriteString("title: {vi: Đo tốc độ, en: Load test}\nparks:\n  - {id: bench, name: {vi: Đo tốc độ, en: Load test}, location: [106.9, 10.9]}\nstations:\n")
	codes := make([]string, len(parameters))
	for i, p := range parameters {
		codes[i] = p.code
	}
	const perRow, apart = 100, 0.01
	for i, s := range append([]string{probeStation}, stations...) {
		fmt.Fprintf(&b, "  - {id: %[1]s, name: {vi: %[1]s, en: %[1]s}, park: bench, kind: effluent, location: [%.3[2]f, %.3[3]f], parameters: [%[4]s], limits: [{set: qcvn40-2011, column: B, kq: 1, kf: 1}]}\n",
			s, 106.5+apart*float64(i%perRow), 10.5+apart*float64(i/perRow%perRow), strings.Join(codes, ", "))
	}
	return b.Bytes()
}
