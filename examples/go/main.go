// Command example writes a key ten times a second, and says how long each pause was.
//
// Each write is executed once, also when the primary dies under it: the key's version is the number of writes.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	pb "understudy.dev/example/generated/understudy/kv/v1"
	"understudy.dev/example/kv"
)

func main() {
	log.SetFlags(0)
	endpoints := flag.String("endpoints", "127.0.0.1:7440", "replicas, or the address that follows the primary: host:port,host:port")
	count := flag.Int64("count", 0, "how many writes; 0: until Ctrl-C")
	every := flag.Duration("every", 100*time.Millisecond, "time between two writes")
	flag.Parse()
	ctx, client := context.Background(), kv.New(*endpoints)
	key := []byte(fmt.Sprintf("go/example/%d", time.Now().UnixNano()))
	var longest time.Duration
	for writes := int64(1); *count == 0 || writes <= *count; writes++ {
		began := time.Now()
		answer, err := client.Put(ctx, &pb.PutRequest{Key: key, Value: []byte(fmt.Sprint(writes))})
		if err != nil {
			log.Fatal(err)
		}
		took := time.Since(began)
		longest = max(longest, took)
		if answer.Version != writes {
			log.Fatalf("%d writes, and version %d", writes, answer.Version)
		}
		if took > 100*time.Millisecond || writes%50 == 0 {
			fmt.Printf("%d writes, each executed once, epoch %d, the last took %v\n", writes, answer.Header.Epoch, took.Round(time.Millisecond))
		}
		time.Sleep(*every - took)
	}
	found, err := client.Get(ctx, key)
	if err != nil {
		log.Fatal(err)
	}
	if found.GetVersion() != *count {
		log.Fatalf("%d writes, and version %d", *count, found.GetVersion())
	}
	fmt.Printf("%d writes, each executed once, longest %v\n", *count, longest.Round(time.Millisecond))
}
