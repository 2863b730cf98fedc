package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/ghodss/yaml"
	"github.com/xeipuuv/gojsonschema"
)

type table = map[string]interface{}

func readValues(path string) (table, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	read := table{}
	if err := yaml.Unmarshal(text, &read); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return read, nil
}

// overlay lays tables over tables; null stays, so that it can take a chart's default away.
func overlay(base, top table) table {
	result := table{}
	for key, value := range base {
		result[key] = value
	}
	for key, value := range top {
		below, isTable := result[key].(table)
		if above, ok := value.(table); ok && isTable {
			result[key] = overlay(below, above)
		} else {
			result[key] = value
		}
	}
	return result
}

// coalesce completes what the user gave by a chart's defaults, down through its dependencies: a parent's values for a sub-chart win over the
// sub-chart's own, globals reach everybody.
func coalesce(c *chart, given table) table {
	own := table{}
	for key, value := range given {
		own[key] = value
	}
	own = complete(own, c.values)
	for _, d := range c.dependencies {
		below, ok := own[d.name].(table)
		if !ok {
			below = table{}
		}
		if globals, ok := own["global"].(table); ok {
			under, _ := below["global"].(table)
			below = overlay(below, table{"global": overlay(under, globals)})
		}
		own[d.name] = coalesce(d.chart, below)
	}
	return own
}

func complete(given, defaults table) table {
	for key, value := range defaults {
		present, ok := given[key]
		if !ok {
			given[key] = clone(value)
			continue
		}
		below, isTable := value.(table)
		if above, ok := present.(table); ok && isTable {
			given[key] = complete(overlay(table{}, above), below)
		}
	}
	for key, value := range given {
		if value == nil {
			delete(given, key)
		}
	}
	return given
}

func clone(value interface{}) interface{} {
	if t, ok := value.(table); ok {
		copied := table{}
		for key, item := range t {
			if item != nil {
				copied[key] = clone(item)
			}
		}
		return copied
	}
	return value
}

// isEnabled follows a condition such as "cni.enabled" in the parent's values; a missing one means yes.
func isEnabled(condition string, values table) bool {
	for _, path := range strings.Split(condition, ",") {
		var at interface{} = values
		for _, part := range strings.Split(strings.TrimSpace(path), ".") {
			t, ok := at.(table)
			if !ok {
				at = nil
				break
			}
			at = t[part]
		}
		if enabled, ok := at.(bool); ok {
			return enabled
		}
	}
	return true
}

func validate(c *chart, values table) error {
	if c.schema == nil {
		return nil
	}
	result, err := gojsonschema.Validate(gojsonschema.NewBytesLoader(c.schema), gojsonschema.NewGoLoader(values))
	if err != nil {
		return fmt.Errorf("%s/values.schema.json: %w", c.name(), err)
	}
	if result.Valid() {
		return nil
	}
	wrong := []string{}
	for _, e := range result.Errors() {
		wrong = append(wrong, "- "+e.String())
	}
	return fmt.Errorf("values don't meet the specifications of the schema(s) in the following chart(s):\n%s:\n%s", c.name(), strings.Join(wrong, "\n"))
}
