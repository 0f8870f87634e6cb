// Prometheus' own storage, engine and HTTP API over samples that a test writes, without its scraping and its interface:
// `promapi FOLDER ADDRESS < SAMPLES`, with ADDRESS such as 127.0.0.1. A sample is a line of JSON,
// {"labels": {"__name__": "up"}, "value": "1", "age": 60}, its age in seconds; value may be "NaN". The port is printed,
// and a line for each sample; it serves until its input ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/route"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/tsdb"
	v1 "github.com/prometheus/prometheus/web/api/v1"
)

type sample struct {
	Labels map[string]string `json:"labels"`
	Value  string            `json:"value"`
	Age    float64           `json:"age"`
}

const lookback = 5 * time.Minute // Prometheus' own default: how far an instant query looks for a sample

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	db, err := tsdb.Open(os.Args[1], slog.Default(), nil, tsdb.DefaultOptions(), nil)
	must(err)
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1_000_000, Timeout: time.Minute, LookbackDelta: lookback})
	registry := prometheus.NewRegistry()
	api := v1.NewAPI(
		engine, db, nil, nil, nil, nil, nil, nil,
		func() config.Config { return config.Config{} }, nil, v1.GlobalURLOptions{},
		func(f http.HandlerFunc) http.HandlerFunc { return f },
		nil, "", false, false, 0, slog.Default(), nil, 0, 0, 0, false, regexp.MustCompile(".*"),
		nil, nil, nil, nil, registry, registry, nil, false, nil, false, false, false, false, lookback, false, false, nil, nil,
		v1.OpenAPIOptions{}, parser.NewParser(parser.Options{}),
	)
	router := route.New()
	api.Register(router.WithPrefix("/api/v1"))
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Args[2], "0"))
	must(err)
	go func() { must(http.Serve(listener, router)) }()
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var one sample
		must(json.Unmarshal(lines.Bytes(), &one))
		value, err := strconv.ParseFloat(one.Value, 64)
		must(err)
		appender := db.Appender(context.Background())
		at := time.Now().Add(-time.Duration(one.Age * float64(time.Second))).UnixMilli()
		_, err = appender.Append(0, labels.FromMap(one.Labels), at, value)
		must(err)
		must(appender.Commit())
		fmt.Println("ok")
	}
	must(db.Close())
}
