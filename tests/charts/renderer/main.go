// chart-renderer renders Helm charts with the engine that Helm itself uses (Go's text/template with sprig's functions), for tests on machines
// where Helm cannot be had. What it shares with `helm template`: the order in which values are laid over each other, sub-charts with conditions
// and globals, null values that take a default away, values.schema.json, include/tpl/required/lookup/toYaml and their kin, .Files, .Capabilities,
// .Release, .Template. What it leaves out: hooks, repositories, dependencies that are archives.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

func main() {
	var values, apis list
	folder := flag.String("chart", "", "folder of the chart")
	release := flag.String("release", "test", "name of the release")
	namespace := flag.String("namespace", "istio-system", "namespace of the release")
	kube := flag.String("kube-version", "v1.31.0", "version of Kubernetes that is assumed")
	notes := flag.Bool("notes", false, "print NOTES.txt instead of the objects")
	upgrade := flag.Bool("upgrade", false, "render as an upgrade")
	flag.Var(&values, "values", "file with values; the last one wins")
	flag.Var(&apis, "api", "a further API version that the cluster has")
	flag.Parse()

	chart, err := load(*folder)
	if err != nil {
		stop(err)
	}

	user := map[string]interface{}{}
	for _, path := range values {
		read, err := readValues(path)
		if err != nil {
			stop(err)
		}
		user = overlay(user, read)
	}

	options := options{release: *release, namespace: *namespace, kube: *kube, apis: apis, upgrade: *upgrade}
	rendered, err := render(chart, user, options)
	if err != nil {
		stop(err)
	}
	for _, file := range rendered {
		isNotes := strings.HasSuffix(file.name, "NOTES.txt")
		if *notes {
			// Helm shows the notes of the chart that was asked for, not those of its sub-charts.
			if isNotes && file.name == chart.name()+"/templates/NOTES.txt" {
				fmt.Print(file.text)
			}
			continue
		}
		if !isNotes && strings.TrimSpace(file.text) != "" {
			fmt.Printf("---\n# Source: %s\n%s\n", file.name, strings.Trim(file.text, "\n"))
		}
	}
}

func stop(err error) {
	fmt.Fprintln(os.Stderr, "Error:", err)
	os.Exit(1)
}
