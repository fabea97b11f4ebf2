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
// T. Vincenty (Survey Review XXIII/176, 1975), exact to 0.5 mm. Its iteration does not converge for nearly antipodal points: there the
// azimuth is bisected instead.
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
	return antipodalDistance(a, b)
}

// antipodalDistance finds the azimuth at the point that is farther from the equator, put in the south, by which a geodesic that then runs
// north comes to the longitude of the other: that grows with the azimuth (C. F. F. Karney, Journal of Geodesy 87, 2013, section 4), so it
// can be bisected where Vincenty's iteration runs away. The series along the geodesic are Vincenty's.
func antipodalDistance(a, b Point) float64 {
	rad := math.Pi / 180
	l := math.Abs(math.Remainder((b.Lon()-a.Lon())*rad, 2*math.Pi))
	u1 := math.Atan((1 - flattening) * math.Tan(a.Lat()*rad))
	u2 := math.Atan((1 - flattening) * math.Tan(b.Lat()*rad))
	if math.Abs(u2) > math.Abs(u1) {
		u1, u2 = u2, u1
	}
	if u1 > 0 {
		u1, u2 = -u1, -u2
	}
	const tiny = 1e-300 // which side of the equator the first point lies on must be known
	p := arc{u1: math.Min(u1, -tiny), u2: u2}
	low, high := 0.0, math.Pi
	const halvings = 100
	for range halvings {
		p.from((low + high) / 2)
		if p.longitude() < l {
			low = (low + high) / 2
		} else {
			high = (low + high) / 2
		}
	}
	return vincentyLength(1-p.sinA*p.sinA, math.Cos(p.sum), p.sigma, math.Sin(p.sigma), math.Cos(p.sigma))
}

// arc is a geodesic on the auxiliary sphere between two reduced latitudes.
type arc struct {
	u1, u2 float64
	// sinA is the sine of the azimuth at the equator, sigma the length of the arc, sum that of its ends from the node.
	sinA, sigma, sum float64
	// omega is the difference of longitudes on the sphere.
	omega float64
}

// from sets the azimuth at the first latitude.
func (p *arc) from(azimuth float64) {
	sin, cos := math.Sincos(azimuth)
	sinU1, cosU1 := math.Sincos(p.u1)
	sinU2, cosU2 := math.Sincos(p.u2)
	p.sinA = sin * cosU1
	// The azimuth at the second latitude, which is passed to the north: its cosine times that of the latitude.
	cos2 := math.Sqrt(math.Max(0, cos*cos*cosU1*cosU1+(cosU2-cosU1)*(cosU2+cosU1)))
	sigma1, sigma2 := math.Atan2(sinU1, cos*cosU1), math.Atan2(sinU2, cos2)
	p.sigma, p.sum = sigma2-sigma1, sigma1+sigma2
	p.omega = math.Atan2(p.sinA*sinU2, cos2) - math.Atan2(p.sinA*sinU1, cos*cosU1)
}

// longitude is the difference of longitudes on the ellipsoid.
func (p *arc) longitude() float64 {
	cos2A := 1 - p.sinA*p.sinA
	c := flattening / 16 * cos2A * (4 + flattening*(4-3*cos2A))
	sinS, cosS := math.Sincos(p.sigma)
	cos2M := math.Cos(p.sum)
	return p.omega - (1-c)*flattening*p.sinA*(p.sigma+c*sinS*(cos2M+c*cosS*(-1+2*cos2M*cos2M)))
}

func vincentyLength(cos2A, cos2M, sigma, sinS, cosS float64) float64 {
	u := cos2A * (equatorialRadius*equatorialRadius - polarRadius*polarRadius) / (polarRadius * polarRadius)
	a := 1 + u/16384*(4096+u*(-768+u*(320-175*u)))
	b := u / 1024 * (256 + u*(-128+u*(74-47*u)))
	m := cos2M * cos2M
	delta := b * sinS * (cos2M + b/4*(cosS*(-1+2*m)-b/6*cos2M*(-3+4*sinS*sinS)*(-3+4*m)))
	return polarRadius * a * (sigma - delta)
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
