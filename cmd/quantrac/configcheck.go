package main

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"

	"quantrac/alerts/mail"
	"quantrac/geo"
	"quantrac/web"
)

// problems lists what is wrong with the configuration as a whole.
func (c *config) problems() []geo.Problem {
	var out []geo.Problem
	report := func(path, format string, args ...any) {
		out = append(out, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	checkAddr := func(path, addr string) {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			report(path, "%q is not an address like 127.0.0.1:8080", addr)
		}
	}
	if c.Data == "" {
		report("data", "a directory is needed")
	}
	checkAddr("http.listen", c.HTTP.Listen)
	if c.HTTP.Anonymous > web.Viewer {
		report("http.anonymous", "a request without credentials may be a viewer at most")
	}
	if b := c.Map.basemap(); b.Check() != "" {
		report("map.tiles", "%s", b.Check())
	}
	c.mqttProblems(report, checkAddr)
	c.doorProblems(report, checkAddr)
	c.outsideProblems(report)
	out = append(out, checkMappings(c.Mappings)...)
	if c.SMTP.Address != "" {
		out = append(out, c.SMTP.Check()...)
	}
	if len(c.Recipients) > 0 && c.SMTP.Address == "" {
		report("recipients", "smtp.address is needed to send e-mails")
	}
	out = append(out, mail.CheckConfigured(c.Recipients)...)
	if c.Alerts.FlapOpens < 0 || c.Alerts.FlapOpens == 1 {
		report("alerts.flap_opens", "must be 2 or more; 0 turns it off")
	}
	if c.Alerts.EscalateAfter < 0 {
		report("alerts.escalate_after", "must not be negative; 0 turns it off")
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		report("log.format", "%q is neither text nor json", c.Log.Format)
	}
	if _, err := logLevel(c.Log.Level); err != nil {
		report("log.level", "%q is none of debug, info, warn, error", c.Log.Level)
	}
	return out
}

func (c *config) mqttProblems(report func(path, format string, args ...any), checkAddr func(path, addr string)) {
	if c.MQTT.Listen != "off" {
		checkAddr("mqtt.listen", c.MQTT.Listen)
		if c.MQTT.Anonymous && !c.MQTT.AnonymousAnywhere && !isLoopback(c.MQTT.Listen) {
			report("mqtt.anonymous", "gateways without credentials are allowed on loopback only; set mqtt.anonymous_anywhere: true if the network is closed")
		}
	}
	if (c.MQTT.TLS.Cert == "") != (c.MQTT.TLS.Key == "") {
		report("mqtt.tls", "cert and key are needed together")
	}
	if c.MQTT.RequireCertificate && (c.MQTT.TLS.CA == "" || c.MQTT.TLS.Cert == "") {
		report("mqtt.require_certificate", "mqtt.tls needs ca, cert and key for that")
	}
}

// outsideProblems are those of what the service reaches elsewhere.
func (c *config) outsideProblems(report func(path, format string, args ...any)) {
	for i, b := range c.Brokers {
		if u, err := url.Parse(b.URL); err != nil || u.Host == "" {
			report(fmt.Sprintf("brokers[%d].url", i), "%q is not a URL like tcp://broker:1883", b.URL)
		}
	}
	if u, err := url.Parse(c.Influx.URL); c.Influx.URL != "" && (err != nil || u.Host == "") {
		report("influx.url", "%q is not a URL like http://influxdb:8086", c.Influx.URL)
	}
	for i, cidr := range c.Webhooks.AllowPrivate {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			report(fmt.Sprintf("webhooks.allow_private[%d]", i), "%q is not a network like 10.0.0.0/8", cidr)
		}
	}
}

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
