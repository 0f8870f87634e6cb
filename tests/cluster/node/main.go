// Command node is a whole Kubernetes in one program: every component of a control plane and of a worker,
// plus the two command lines that talk to it.
//
// It writes no component itself. Each is imported from its own released module, so what runs here is what runs
// elsewhere, and a machine that can fetch Go modules needs no image registry and no container daemon.
//
//	node kube-apiserver --etcd-servers=…     the component is the first argument, or
//	ln -s node kubectl; ./kubectl get pods   the name the program was started by
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// program runs one component with os.Args as that component expects them and returns the exit code.
type program func() int

func main() {
	table := programs()
	if run, ok := table[filepath.Base(os.Args[0])]; ok {
		os.Exit(run())
	}
	if len(os.Args) > 1 {
		if run, ok := table[os.Args[1]]; ok {
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	fmt.Fprintf(os.Stderr, "usage: %s COMPONENT [flags]\ncomponents: %s\n", os.Args[0], names(table))
	os.Exit(2)
}

func names(table map[string]program) string {
	var all []string
	for name := range table {
		all = append(all, name)
	}
	sort.Strings(all)
	return strings.Join(all, " ")
}
