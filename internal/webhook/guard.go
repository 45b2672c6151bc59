package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"syscall"
)

// Networks are private networks that webhooks may go to all the same; others are refused, so that nobody who may add a webhook
// can reach what only this machine can.
type Networks []netip.Prefix

// ParseNetworks reads networks such as 10.1.0.0/16, or single addresses.
func ParseNetworks(texts []string) (Networks, error) {
	networks := make(Networks, 0, len(texts))
	for _, text := range texts {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			address, addressErr := netip.ParseAddr(text)
			if addressErr != nil {
				return nil, fmt.Errorf("%q is no network such as 10.1.0.0/16", text)
			}
			network = netip.PrefixFrom(address, address.BitLen())
		}
		networks = append(networks, network.Masked())
	}
	return networks, nil
}

var (
	errPrivate = errors.New("its address is private; networks of your own are allowed by --webhook-networks")
	errPlain   = errors.New("without https it may only go to networks that --webhook-networks allows")
)

// neverPublic are networks that are not reached over the internet beside those that netip tells: shared (RFC 6598), for tests and
// documentation, reserved, and the forms in which IPv6 carries IPv4, behind which anything may be.
var neverPublic = Networks{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("fec0::/10"),
}

func (n Networks) hold(address netip.Addr) bool {
	for _, network := range n {
		if network.Contains(address) {
			return true
		}
	}
	return false
}

// allows reports whether a webhook may go to an address.
func (n Networks) allows(address netip.Addr, plain bool) error {
	address = address.Unmap().WithZone("")
	if n.hold(address) {
		return nil
	}
	if !address.IsGlobalUnicast() || address.IsPrivate() || neverPublic.hold(address) {
		return errPrivate
	}
	if plain {
		return errPlain
	}
	return nil
}

// control stands before every connection, after the name was looked up: what is checked is what is called.
func (n Networks) control(plain bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return err
		}
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return err
		}
		return n.allows(ip, plain)
	}
}

// CheckURL says what is wrong with a webhook's address as it is written. What its name stands for is checked at every sending.
func CheckURL(text string) error {
	at, err := url.Parse(text)
	switch {
	case err != nil || at.Hostname() == "" || at.Scheme != "https" && at.Scheme != "http":
		return errors.New("must be https://host/path")
	case at.User != nil:
		return errors.New("must not carry a password: receivers check the signature")
	case at.Fragment != "":
		return errors.New("must not have a fragment")
	}
	return nil
}
