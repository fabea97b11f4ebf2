package geo

import "math"

// WGS 84.
const (
	equatorialRadius = 6378137.0
	flattening       = 1 / 298.257223563
	polarRadius      = equatorialRadius * (1 - flattening)
	meanRadius       = 6371008.8
)

// Distance is the length of the geodesic between two points on the WGS 84 ellipsoid, in metres: the inverse formula of
// T. Vincenty (Survey Review XXIII/176, 1975), exact to 0.5 mm. It does not converge for nearly antipodal points, which no
// registry of one province has; there the distance on the sphere is returned, within 0.6 %.
func Distance(a, b Point) float64 {
	if a == b {
		return 0
	}
	rad := math.Pi / 180
	l := (b.Lon() - a.Lon()) * rad
	u1 := math.Atan((1 - flattening) * math.Tan(a.Lat()*rad))
	u2 := math.Atan((1 - flattening) * math.Tan(b.Lat()*rad))
	sinU1, cosU1 := math.Sincos(u1)
	sinU2, cosU2 := math.Sincos(u2)
	lambda := l
	const rounds = 100
	for range rounds {
		sinL, cosL := math.Sincos(lambda)
		sinS := math.Hypot(cosU2*sinL, cosU1*sinU2-sinU1*cosU2*cosL)
		if sinS == 0 {
			return 0
		}
		cosS := sinU1*sinU2 + cosU1*cosU2*cosL
		sigma := math.Atan2(sinS, cosS)
		sinA := cosU1 * cosU2 * sinL / sinS
		cos2A := 1 - sinA*sinA
		cos2M := 0.0 // both points on the equator
		if cos2A != 0 {
			cos2M = cosS - 2*sinU1*sinU2/cos2A
		}
		c := flattening / 16 * cos2A * (4 + flattening*(4-3*cos2A))
		was := lambda
		lambda = l + (1-c)*flattening*sinA*(sigma+c*sinS*(cos2M+c*cosS*(-1+2*cos2M*cos2M)))
		if math.Abs(lambda-was) < 1e-12 {
			return vincentyLength(cos2A, cos2M, sigma, sinS, cosS)
		}
	}
	return sphereDistance(a, b)
}

func vincentyLength(cos2A, cos2M, sigma, sinS, cosS float64) float64 {
	u := cos2A * (equatorialRadius*equatorialRadius - polarRadius*polarRadius) / (polarRadius * polarRadius)
	a := 1 + u/16384*(4096+u*(-768+u*(320-175*u)))
	b := u / 1024 * (256 + u*(-128+u*(74-47*u)))
	m := cos2M * cos2M
	delta := b * sinS * (cos2M + b/4*(cosS*(-1+2*m)-b/6*cos2M*(-3+4*sinS*sinS)*(-3+4*m)))
	return polarRadius * a * (sigma - delta)
}

// sphereDistance is the haversine formula.
func sphereDistance(a, b Point) float64 {
	rad := math.Pi / 180
	sinLat := math.Sin((b.Lat() - a.Lat()) / 2 * rad)
	sinLon := math.Sin((b.Lon() - a.Lon()) / 2 * rad)
	h := sinLat*sinLat + math.Cos(a.Lat()*rad)*math.Cos(b.Lat()*rad)*sinLon*sinLon
	return 2 * meanRadius * math.Asin(math.Min(1, math.Sqrt(h)))
}

// degreesAround are half-widths in degrees, longitude and latitude, of a box that holds every point within metres of p.
func degreesAround(p Point, metres float64) (lon, lat float64) {
	const (
		slack         = 1.01
		leastRadius   = 6335439.0 // meridian radius of curvature at the equator
		degreesPerRad = 180 / math.Pi
	)
	lat = metres * slack / leastRadius * degreesPerRad
	lon = lat / math.Max(0.01, math.Cos(p.Lat()/degreesPerRad))
	return lon, lat
}

// around is the point at a distance and bearing from p, by the small-circle approximation on the ellipsoid's sphere: good to
// some metres at a few km, for drawing only.
func around(p Point, metres, bearing float64) Point {
	sin, cos := math.Sincos(bearing)
	rad := math.Pi / 180
	return Point{
		p.Lon() + metres*sin/(meanRadius*math.Cos(p.Lat()*rad))/rad,
		p.Lat() + metres*cos/meanRadius/rad,
	}
}
