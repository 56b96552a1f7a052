// A TLS end made of Go's crypto/tls, for what Debian's libraries do not have yet: hybrid post-quantum groups and
// Encrypted ClientHello. Knows no SMTP in clear: tests/lab/bridge.py says STARTTLS for it.
//
//	peer server PORT CERT KEY GROUPS [LIST]  LIST: where it writes the ECHConfigList of a key that it makes
//	peer client PORT NAME GROUPS [LIST]      GROUPS: numbers with commas, `-` for Go's own; LIST: to be used
package main

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func curves(groups string) (out []tls.CurveID) {
	if groups == "-" {
		return nil
	}
	for _, g := range strings.Split(groups, ",") {
		n, err := strconv.ParseUint(g, 0, 16)
		must(err)
		out = append(out, tls.CurveID(n))
	}
	return out
}

// echConfig makes a key and its ECHConfig (draft-ietf-tls-esni 4): X25519, HKDF-SHA256, AES-128-GCM.
func echConfig(public string) (private, config []byte) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	must(err)
	var b bytes.Buffer
	b.WriteByte(7)                                   // config_id
	binary.Write(&b, binary.BigEndian, uint16(0x20)) // DHKEM(X25519)
	binary.Write(&b, binary.BigEndian, uint16(32))
	b.Write(key.PublicKey().Bytes())
	b.Write([]byte{0, 4, 0, 1, 0, 1})
	b.WriteByte(32) // maximum_name_length
	b.WriteByte(byte(len(public)))
	b.WriteString(public)
	b.Write([]byte{0, 0})
	out := binary.BigEndian.AppendUint16([]byte{0xfe, 0x0d}, uint16(b.Len()))
	return key.Bytes(), append(out, b.Bytes()...)
}

func server(port, cert, key, groups, list string) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	must(err)
	config := &tls.Config{Certificates: []tls.Certificate{pair}, CurvePreferences: curves(groups)}
	if list != "" {
		private, one := echConfig("public.rcpt.example")
		config.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: one, PrivateKey: private}}
		must(os.WriteFile(list, append(binary.BigEndian.AppendUint16(nil, uint16(len(one))), one...), 0o644))
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+port, config)
	must(err)
	for {
		c, err := listener.Accept()
		must(err)
		room := make([]byte, 4096)
		if _, err := c.Read(room); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		fmt.Fprintf(c, "250 mx.rcpt.example\r\n")
		c.Read(room)
		c.Close()
	}
}

func client(port, name, groups, list string) {
	config := &tls.Config{ServerName: name, InsecureSkipVerify: true, CurvePreferences: curves(groups)}
	if list != "" {
		octets, err := os.ReadFile(list)
		must(err)
		config.EncryptedClientHelloConfigList = octets
	}
	raw, err := net.Dial("tcp", "127.0.0.1:"+port)
	must(err)
	c := tls.Client(raw, config)
	must(c.Handshake())
	fmt.Fprintln(os.Stderr, "version", c.ConnectionState().Version, "ech", c.ConnectionState().ECHAccepted, "group", c.ConnectionState().CurveID)
	fmt.Fprintf(c, "EHLO client.sender.example\r\n")
	c.Read(make([]byte, 4096))
	fmt.Fprintf(c, "QUIT\r\n")
	c.Close()
	time.Sleep(100 * time.Millisecond)
}

func main() {
	a := append(os.Args[1:], "", "", "")
	if a[0] == "server" {
		server(a[1], a[2], a[3], a[4], a[5])
	} else {
		client(a[1], a[2], a[3], a[4])
	}
}
