package broker

import "context"

// NewAuthenticator are the accounts of a configuration alone.
func NewAuthenticator(gateways []Gateway) (*Gateways, error) {
	return OpenGateways(context.Background(), GatewayOptions{Configured: gateways})
}
