package geo

// dbscan clusters the places that take part (Ester et al., KDD 1996); a place counts among its own neighbours. It returns the
// clusters as ascending numbers, in the order of their first core. A border place within reach of several clusters goes to the
// one whose core is nearest, then to the smaller number, so the result does not depend on the order of the links.
func dbscan(near [][]link, takesPart []bool, minPoints int) [][]int {
	core := make([]bool, len(near))
	for i := range near {
		if !takesPart[i] {
			continue
		}
		n := 1
		for _, l := range near[i] {
			if takesPart[l.to] {
				n++
			}
		}
		core[i] = n >= minPoints
	}
	of := make([]int, len(near)) // cluster number from 1; 0 = none
	clusters := 0
	for i := range near {
		if of[i] != 0 || !core[i] {
			continue
		}
		clusters++
		of[i] = clusters
		for queue := []int{i}; len(queue) > 0; queue = queue[1:] {
			for _, l := range near[queue[0]] {
				if core[l.to] && of[l.to] == 0 {
					of[l.to] = clusters
					queue = append(queue, l.to)
				}
			}
		}
	}
	out := make([][]int, clusters)
	for i := range near {
		c := of[i]
		if takesPart[i] && c == 0 {
			if j := nearestCore(near[i], core); j >= 0 {
				c = of[j]
			}
		}
		if c > 0 {
			out[c-1] = append(out[c-1], i)
		}
	}
	return out
}

// nearestCore finds the core that a border place belongs to, or -1.
func nearestCore(near []link, core []bool) int {
	best := link{to: -1}
	for _, l := range near {
		if !core[l.to] {
			continue
		}
		if best.to < 0 || l.distance < best.distance || l.distance == best.distance && l.to < best.to {
			best = l
		}
	}
	return best.to
}
