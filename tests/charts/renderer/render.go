package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/semver"
	"github.com/Masterminds/sprig"
	"github.com/ghodss/yaml"
)

type options struct {
	release, namespace, kube string
	apis                     []string
	upgrade                  bool
}

type file struct{ name, text string }

// One template with the view of the world that its chart has.
type unit struct {
	name, text string
	view       table
}

type apiVersions []string

func (a apiVersions) Has(version string) bool {
	for _, known := range a {
		if known == version {
			return true
		}
	}
	return false
}

type kubeVersion struct{ Version, Major, Minor string }

func (k kubeVersion) String() string     { return k.Version }
func (k kubeVersion) GitVersion() string { return k.Version }

func render(root *chart, user table, o options) ([]file, error) {
	version, err := semver.NewVersion(o.kube)
	if err != nil {
		return nil, err
	}
	capabilities := table{
		"KubeVersion": kubeVersion{o.kube, fmt.Sprint(version.Major()), fmt.Sprint(version.Minor())},
		"APIVersions": apiVersions(append([]string{"v1", "apps/v1", "rbac.authorization.k8s.io/v1", "networking.k8s.io/v1"}, o.apis...)),
		"HelmVersion": table{"Version": "v3.12.0"},
	}
	release := table{"Name": o.release, "Namespace": o.namespace, "IsInstall": !o.upgrade, "IsUpgrade": o.upgrade, "Revision": 1, "Service": "Helm"}
	var units []unit
	if err := gather(root, root.name(), coalesce(root, user), release, capabilities, &units); err != nil {
		return nil, err
	}

	// Parents are parsed last, so that their definitions win.
	sort.SliceStable(units, func(i, j int) bool {
		a, b := strings.Count(units[i].name, "/"), strings.Count(units[j].name, "/")
		return a > b || (a == b && units[i].name < units[j].name)
	})
	t := template.New("gotpl").Option("missingkey=zero")
	t.Funcs(functions(t))
	for _, u := range units {
		if _, err := t.New(u.name).Parse(u.text); err != nil {
			return nil, fmt.Errorf("parse error at (%s): %w", u.name, err)
		}
	}

	var rendered []file
	for _, u := range units {
		if strings.HasPrefix(path.Base(u.name), "_") {
			continue
		}
		var text strings.Builder
		u.view["Template"] = table{"Name": u.name, "BasePath": path.Dir(u.name)}
		if err := t.ExecuteTemplate(&text, u.name, u.view); err != nil {
			return nil, fmt.Errorf("execution error at (%s): %w", u.name, err)
		}
		rendered = append(rendered, file{u.name, strings.ReplaceAll(text.String(), "<no value>", "")})
	}
	sort.SliceStable(rendered, func(i, j int) bool { return rendered[i].name < rendered[j].name })
	return rendered, nil
}

func gather(c *chart, at string, values, release, capabilities table, units *[]unit) error {
	subs := table{}
	for _, d := range c.dependencies {
		if !isEnabled(d.condition, values) {
			continue
		}
		below, _ := values[d.name].(table)
		subs[d.name] = table{"Values": below}
		if err := gather(d.chart, at+"/charts/"+d.name, below, release, capabilities, units); err != nil {
			return err
		}
	}
	if err := validate(c, values); err != nil {
		return err
	}
	about := table{"IsRoot": !strings.Contains(at, "/")}
	for key, value := range c.metadata {
		about[strings.ToUpper(key[:1])+key[1:]] = value
	}
	about["APIVersion"] = c.metadata["apiVersion"]
	for _, name := range sortedKeys(c.templates) {
		view := table{"Values": values, "Chart": about, "Files": c.files, "Release": release, "Capabilities": capabilities, "Subcharts": subs}
		*units = append(*units, unit{at + "/" + name, c.templates[name], view})
	}
	return nil
}

func functions(t *template.Template) template.FuncMap {
	f := sprig.TxtFuncMap()
	delete(f, "env")
	delete(f, "expandenv")
	depth := map[string]int{}
	f["include"] = func(name string, data interface{}) (string, error) {
		if depth[name]++; depth[name] > 1000 {
			return "", fmt.Errorf("rendering template has a nested reference name: %s", name)
		}
		defer func() { depth[name]-- }()
		var text strings.Builder
		err := t.ExecuteTemplate(&text, name, data)
		return text.String(), err
	}
	f["tpl"] = func(text string, data interface{}) (string, error) {
		fresh, err := t.Clone()
		if err != nil {
			return "", err
		}
		if fresh, err = fresh.New("tpl").Parse(text); err != nil {
			return "", err
		}
		var result strings.Builder
		err = fresh.Execute(&result, data)
		return strings.ReplaceAll(result.String(), "<no value>", ""), err
	}
	f["required"] = func(message string, value interface{}) (interface{}, error) {
		if s, isText := value.(string); value == nil || (isText && s == "") {
			return value, errors.New(message)
		}
		return value, nil
	}
	f["fail"] = func(message string) (string, error) { return "", errors.New(message) }
	f["lookup"] = func(string, string, string, string) table { return table{} }
	f["toYaml"] = toYaml
	f["fromYaml"] = func(text string) table {
		read := table{}
		if err := yaml.Unmarshal([]byte(text), &read); err != nil {
			read["Error"] = err.Error()
		}
		return read
	}
	f["fromYamlArray"] = func(text string) []interface{} {
		read := []interface{}{}
		if err := yaml.Unmarshal([]byte(text), &read); err != nil {
			read = []interface{}{err.Error()}
		}
		return read
	}
	f["fromJson"] = func(text string) table {
		read := table{}
		if err := json.Unmarshal([]byte(text), &read); err != nil {
			read["Error"] = err.Error()
		}
		return read
	}
	f["toJson"] = func(value interface{}) string {
		text, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		return string(text)
	}
	return f
}

func toYaml(value interface{}) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}
