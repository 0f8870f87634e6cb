package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// programs lists what this binary can be. Commands are built only when asked for: building one registers flags and
// metrics in global tables, and two components would collide there.
func programs() map[string]program {
	return map[string]program{
		"coredns":                 dns,
		"etcd":                    etcd,
		"helm":                    helm,
		"kubectl":                 kubectl,
		"pki":                     pki,
		"kube-apiserver":          served(func() *cobra.Command { return apiserver.NewAPIServerCommand() }),
		"kube-controller-manager": served(controllers.NewControllerManagerCommand),
		"kube-proxy":              served(proxy.NewProxyCommand),
		"kube-scheduler":          served(func() *cobra.Command { return scheduler.NewSchedulerCommand() }),
		"kubelet":                 served(func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }),
	}
}

// served wraps a Kubernetes daemon's command in the logging set-up that its own main() would do.
func served(build func() *cobra.Command) program {
	return func() int { return cli.Run(build()) }
}

func etcd() int {
	etcdmain.Main(os.Args)
	return 0
}
