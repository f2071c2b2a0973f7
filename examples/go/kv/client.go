// Package kv is a small client: it follows the primary, and a retry is executed once.
//
// It does what crates/client does for Rust, one operation at a time. The rules are those of
// proto/understudy/kv/v1/errors.proto: what "executed: no" says may be tried elsewhere, what is unknown may be tried again only
// because it carries a stamp, and everything else is an answer.
package kv

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver/dns"
	pb "understudy.dev/example/generated/understudy/kv/v1"
)

const (
	attempt       = time.Second            // how long one try may take before another replica is asked
	deadline      = 30 * time.Second       // how long one operation may take with all its tries
	sessionTTL    = 5 * time.Minute        // how long a session lives after its last use
	shortestPause = 5 * time.Millisecond   // before a replica is asked again
	longestPause  = 200 * time.Millisecond // ... however long it takes
)

// clusterID is metadata that names the cluster which is meant. Pod addresses are reused: what is found there may be another cluster.
const clusterID = "understudy-cluster-id"

// The default resolves a name again after 30 s at the earliest: a pod's name leads to nowhere for as long.
func init() { dns.SetMinResolutionInterval(500 * time.Millisecond) }

// Client is safe for several goroutines, which take turns.
type Client struct {
	mutex     sync.Mutex
	endpoints []string
	address   string // whom to ask now
	channels  map[string]*grpc.ClientConn
	cluster   string // hex; that of the first answer: no other will do
	session   uint64
	sequence  uint64
	used      time.Time // the session's last use
}

// New makes a client of the cluster that has replicas at endpoints, "host:port,host:port": all of them, which is quickest, or the one
// address that follows the primary. Connections are made when they are needed.
func New(endpoints string) *Client {
	list := strings.Split(endpoints, ",")
	return &Client{endpoints: list, address: list[0], channels: map[string]*grpc.ClientConn{}}
}

// Get reads a key, linearizably; nil if there is none.
func (c *Client) Get(ctx context.Context, key []byte) (*pb.KeyValue, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	answer, err := ask(ctx, c, func(ctx context.Context, conn *grpc.ClientConn) (*pb.GetResponse, error) {
		return pb.NewKeyValueServiceClient(conn).Get(ctx, &pb.GetRequest{Key: key})
	})
	return answer.GetKv(), err
}

// Put carries out a request, whose stamp it sets. An unmet condition is no error.
func (c *Client) Put(ctx context.Context, request *pb.PutRequest) (*pb.PutResponse, error) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if err := c.seeToTheSession(ctx); err != nil {
		return nil, err
	}
	c.sequence++
	// One at a time: whatever came before has its answer, or nobody will ask for it again.
	request.Stamp = &pb.RequestStamp{SessionId: c.session, Sequence: c.sequence, ReceivedBelow: c.sequence}
	answer, err := ask(ctx, c, func(ctx context.Context, conn *grpc.ClientConn) (*pb.PutResponse, error) {
		return pb.NewKeyValueServiceClient(conn).Put(ctx, request)
	})
	c.used = time.Now()
	return answer, err
}

// seeToTheSession opens a session where there is none, or none any more, and renews one that was idle.
func (c *Client) seeToTheSession(ctx context.Context) error {
	if c.session != 0 && time.Since(c.used) > sessionTTL/3 {
		_, err := ask(ctx, c, func(ctx context.Context, conn *grpc.ClientConn) (*pb.KeepSessionAliveResponse, error) {
			return pb.NewSessionServiceClient(conn).KeepSessionAlive(ctx, &pb.KeepSessionAliveRequest{SessionId: c.session})
		})
		if err != nil && c.session != 0 { // a session that is gone has been forgotten
			return err
		}
		c.used = time.Now()
	}
	if c.session != 0 {
		return nil
	}
	opened, err := ask(ctx, c, func(ctx context.Context, conn *grpc.ClientConn) (*pb.OpenSessionResponse, error) {
		return pb.NewSessionServiceClient(conn).OpenSession(ctx, &pb.OpenSessionRequest{TtlMs: sessionTTL.Milliseconds()})
	})
	if err != nil {
		return err
	}
	c.session, c.sequence, c.used = opened.SessionId, 0, time.Now()
	return nil
}

// response is what all answers have.
type response interface{ GetHeader() *pb.ResponseHeader }

// ask asks replicas that may be the primary until one answers or the deadline comes.
func ask[T response](ctx context.Context, c *Client, call func(context.Context, *grpc.ClientConn) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	// This client goes by itself to the primary that a replica names.
	ctx = metadata.AppendToOutgoingContext(ctx, "understudy-follows", "1")
	if c.cluster != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, clusterID, c.cluster)
	}
	var none T
	pause, asked, inDoubt := shortestPause, map[string]bool{}, false
	for {
		address := c.address
		asked[address] = true
		conn, err := c.channel(address)
		if err != nil {
			return none, err
		}
		try, done := context.WithTimeout(ctx, attempt)
		answer, err := call(try, conn)
		done()
		if err == nil {
			// A request that named the cluster was answered by it.
			c.cluster = hex.EncodeToString(answer.GetHeader().GetClusterId())
			return answer, nil
		}
		failure := failureOf(err)
		switch failure.meaning {
		case unknown:
			inDoubt = true
		case sessionGone, refused:
			if failure.meaning == sessionGone {
				c.session = 0
			}
			if inDoubt {
				return none, fmt.Errorf("outcome unknown: %w", err)
			}
			return none, err
		}
		if failure.foreign { // the name may lead elsewhere by now
			conn.Close()
			delete(c.channels, address)
		}
		c.turn(address, failure.primary)
		if asked[c.address] {
			select {
			case <-time.After(pause):
				pause, asked = min(2*pause, longestPause), map[string]bool{}
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			if inDoubt {
				return none, fmt.Errorf("outcome unknown, last: %w", err)
			}
			return none, fmt.Errorf("nothing was executed, last: %w", err)
		}
	}
}

// turn chooses whom to ask next: whom the replica named, else the next in the list.
func (c *Client) turn(address, primary string) {
	if primary != "" && primary != address {
		c.address = primary
		return
	}
	c.address = c.endpoints[0]
	for i, endpoint := range c.endpoints {
		if endpoint == address {
			c.address = c.endpoints[(i+1)%len(c.endpoints)]
		}
	}
}

func (c *Client) channel(address string) (*grpc.ClientConn, error) {
	if conn := c.channels[address]; conn != nil {
		return conn, nil
	}
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// A dead node closes no connection: only pings notice it. 10 s is the least that grpc-go takes; until then each try's own
		// deadline leads to another replica.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 10 * time.Second, Timeout: time.Second, PermitWithoutStream: true}),
		// The default waits up to two minutes before it dials again.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 500 * time.Millisecond},
			MinConnectTimeout: 500 * time.Millisecond,
		}))
	if err == nil {
		c.channels[address] = conn
	}
	return conn, err
}
