package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"github.com/ghodss/yaml"
)

// A chart as it lies in its folder, with the charts that it depends on.
type chart struct {
	metadata     map[string]interface{}
	values       map[string]interface{}
	schema       []byte
	files        files
	templates    map[string]string
	dependencies []dependency
}

type dependency struct {
	chart     *chart
	name      string
	condition string
}

func (c *chart) name() string { return c.metadata["name"].(string) }

func load(folder string) (*chart, error) {
	c := &chart{files: files{}, templates: map[string]string{}, values: map[string]interface{}{}}
	text, err := os.ReadFile(filepath.Join(folder, "Chart.yaml"))
	if err != nil {
		return nil, err
	}
	if err := yaml.UnmarshalStrict(text, &c.metadata); err != nil {
		return nil, fmt.Errorf("%s/Chart.yaml: %w", folder, err)
	}
	for _, key := range []string{"apiVersion", "name", "version"} {
		if s, ok := c.metadata[key].(string); !ok || s == "" {
			return nil, fmt.Errorf("%s/Chart.yaml: %s is missing", folder, key)
		}
	}
	if text, err := os.ReadFile(filepath.Join(folder, "values.yaml")); err == nil {
		if err := yaml.UnmarshalStrict(text, &c.values); err != nil {
			return nil, fmt.Errorf("%s/values.yaml: %w", folder, err)
		}
	}
	if text, err := os.ReadFile(filepath.Join(folder, "values.schema.json")); err == nil {
		c.schema = text
	}
	err = filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		name, _ := filepath.Rel(folder, path)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		switch {
		case strings.HasPrefix(name, "templates/"):
			c.templates[name] = string(text)
		case strings.HasPrefix(name, "charts/"), name == "Chart.yaml", name == "values.yaml", name == "values.schema.json":
		default:
			c.files[name] = text
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, c.loadDependencies(folder)
}

func (c *chart) loadDependencies(folder string) error {
	listed, _ := c.metadata["dependencies"].([]interface{})
	for _, item := range listed {
		entry := item.(map[string]interface{})
		text := func(key string) string { s, _ := entry[key].(string); return s }
		where := filepath.Join(folder, "charts", text("name"))
		if repository := text("repository"); strings.HasPrefix(repository, "file://") {
			where = filepath.Join(folder, strings.TrimPrefix(repository, "file://"))
		}
		sub, err := load(where)
		if err != nil {
			return err
		}
		if version := text("version"); version != sub.metadata["version"] {
			return fmt.Errorf("%s depends on %s %s, and there is %v", c.name(), text("name"), version, sub.metadata["version"])
		}
		name := text("alias")
		if name == "" {
			name = sub.name()
		}
		c.dependencies = append(c.dependencies, dependency{chart: sub, name: name, condition: text("condition")})
	}
	return nil
}

// files is what templates see as .Files.
type files map[string][]byte

func (f files) Get(name string) string      { return string(f[name]) }
func (f files) GetBytes(name string) []byte { return f[name] }

// Glob supports the patterns of path.Match, and ** as a whole path.
func (f files) Glob(pattern string) files {
	found := files{}
	for name, text := range f {
		if ok, _ := filepath.Match(pattern, name); ok || (strings.HasSuffix(pattern, "/**") && strings.HasPrefix(name, strings.TrimSuffix(pattern, "**"))) {
			found[name] = text
		}
	}
	return found
}

func (f files) AsConfig() string {
	data := map[string]string{}
	for name, text := range f {
		data[filepath.Base(name)] = string(text)
	}
	return toYaml(data)
}

func (f files) Lines(name string) []string {
	if text, ok := f[name]; ok {
		return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	}
	return []string{}
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
