// What promtool checks, without the rest of it: `prom rules FILE…` as `promtool check rules`, and `prom metrics` as
// `promtool check metrics` of its standard input. It prints what is wrong and exits 1, or prints nothing.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

func main() {
	found := 0
	say := func(problem any) {
		fmt.Println(problem)
		found++
	}
	switch {
	case len(os.Args) > 2 && os.Args[1] == "rules":
		for _, file := range os.Args[2:] {
			_, problems := rulefmt.ParseFile(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.Default())
			for _, problem := range problems {
				say(problem)
			}
		}
	case len(os.Args) == 2 && os.Args[1] == "metrics":
		problems, err := promlint.New(os.Stdin).Lint()
		if err != nil {
			say(err)
		}
		for _, problem := range problems {
			say(problem.Metric + ": " + problem.Text)
		}
	default:
		say("usage: prom rules FILE… | prom metrics < METRICS")
	}
	if found > 0 {
		os.Exit(1)
	}
}
