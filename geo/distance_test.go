package geo

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func TestDistanceAgreesWithGeographicLib(t *testing.T) {
	f, err := os.Open("testdata/geodesics.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var a, b Point
		var want float64
		if _, err := fmt.Sscan(lines.Text(), &a[1], &a[0], &b[1], &b[0], &want); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		n++
		if got := Distance(a, b); math.Abs(got-want) > 1e-3 {
			t.Errorf("%v to %v: %.6f m, want %.6f m", a, b, got, want)
		}
		if want < 1e6 && math.Abs(Distance(a, b)-want) > 1e-4 {
			t.Errorf("%v to %v: %.6f m, want %.6f m within 0.1 mm", a, b, Distance(a, b), want)
		}
		if ab, ba := Distance(a, b), Distance(b, a); math.Abs(ab-ba) > 1e-6 {
			t.Errorf("%v to %v: not symmetric", a, b)
		}
	}
	if n != 60 {
		t.Errorf("%d geodesics, want 60", n)
	}
	if got := Distance(Point{0, 0}, Point{0, 90}); math.Abs(got-10001965.7293) > 1e-3 {
		t.Errorf("a quarter of the meridian: %f m", got)
	}
	// Where Vincenty's iteration runs away; the first two are those that Karney's paper and the literature on it give.
	for far, want := range map[Point]float64{{179.5, 0.5}: 19936288.579, {179.7, 0.5}: 19944127.421, {180, 0}: 20003931.4586} {
		for _, at := range [][2]Point{{{0, 0}, far}, {far, {0, 0}}, {{100, 0}, {far[0] - 260, -far[1]}}} {
			if got := Distance(at[0], at[1]); math.Abs(got-want) > 1e-3 {
				t.Errorf("%v to %v: %.6f m, want %.3f m", at[0], at[1], got, want)
			}
		}
	}
}

// The bisection agrees with the iteration wherever that converges, so it is right where nothing else says so.
func TestBothWaysToADistanceAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		a, b := Point{360*r.Float64() - 180, 180*r.Float64() - 90}, Point{360*r.Float64() - 180, 180*r.Float64() - 90}
		if got, want := antipodalDistance(a, b), Distance(a, b); math.Abs(got-want) > 1e-3 {
			t.Errorf("%v to %v: %.6f m, and %.6f m", a, b, got, want)
		}
	}
}
