package geo

import (
	"bufio"
	"fmt"
	"math"
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
	if got := Distance(Point{0, 0}, Point{179.9, 0.1}); math.IsNaN(got) || got < 1.9e7 {
		t.Errorf("nearly antipodal: %g m", got)
	}
}
