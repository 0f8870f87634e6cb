// A Redis for tests: the real protocol over TCP, in a process that can be killed and stopped. It prints the port it
// listens on and leaves when its standard input ends, so that no test can leave it behind.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Streams' ids are times, so the server's clock is to be the machine's.
const tick = 5 * time.Millisecond

func main() {
	address := "127.0.0.1:0"
	if len(os.Args) > 1 {
		address = os.Args[1]
	}
	server := miniredis.NewMiniRedis()
	if err := server.StartAddr(address); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		for {
			server.SetTime(time.Now())
			time.Sleep(tick)
		}
	}()
	fmt.Println(server.Port())
	_, _ = io.Copy(io.Discard, os.Stdin)
	server.Close()
}
