package geo

import (
	_ "embed"

	"go.yaml.in/yaml/v3"
)

//go:embed data/dong-nai.yaml
var builtinRegistry []byte

// Builtin is the registry that the program ships: the industrial parks of Đồng Nai.
func Builtin() *Registry {
	var f File
	if err := yaml.Unmarshal(builtinRegistry, &f); err != nil {
		panic("built-in registry: " + err.Error())
	}
	r, problems := NewRegistry(f)
	if len(problems) > 0 {
		panic("built-in registry: " + problems[0].String())
	}
	return r
}
