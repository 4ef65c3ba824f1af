package proxylab

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
)

// A page is what the template of a proxy's configuration is filled in with.
type page struct {
	Folder string // of the process
	// Origin is where the proxy finds what it passes on, host:port.
	Origin, OriginPort string
	Version            string // of the proxy
	Modules            string // Apache's folder of modules
	// PEM files: the certificate, its key, and both in one.
	Certificate, Key, Both string
	Variants               []*place

	process map[string]string
}

// A place is what a page says of one variant.
type place struct {
	*page
	*Variant
	Address, Port string // where it listens
	// Inner is another free address, for a proxy behind the proxy.
	Inner, InnerPort string
}

// Setting returns what the variants say of the whole process, or else the
// default.
func (p *page) Setting(name, value string) string {
	if set, ok := p.process[name]; ok {
		return set
	}
	return value
}

// AtLeast reports whether the proxy's version is v or later.
func (p *page) AtLeast(v string) bool { return compareVersions(p.Version, v) >= 0 }

// Only is the first variant, for proxies whose processes have one.
func (p *page) Only() *place { return p.Variants[0] }

// Part returns the variant's own part of the name, filled in.
func (p *place) Part(name string) (string, error) {
	text, ok := p.Parts[name]
	if !ok {
		return "", nil
	}
	t, err := p.template.withPart(name, text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = t.Execute(&out, p)
	return strings.TrimSpace(out.String()), err
}

// A configTemplate is the template of a configuration, with the places that it
// has.
type configTemplate struct {
	*template.Template
	parts, process []string
}

func parseConfig(name, text string) (*configTemplate, error) {
	if text == "" {
		return nil, fmt.Errorf("a matrix needs the template of the configuration")
	}
	t, err := template.New(name).Parse(text)
	if err != nil {
		return nil, err
	}
	parts, process := map[string]bool{}, map[string]bool{}
	for _, each := range t.Templates() {
		walk(each.Root, func(method, argument string) {
			switch method {
			case "Part":
				parts[argument] = true
			case "Setting":
				process[argument] = true
			}
		})
	}
	return &configTemplate{t, slices.Sorted(maps.Keys(parts)), slices.Sorted(maps.Keys(process))}, nil
}

// withPart parses a part, which may use what the whole template defines.
func (t *configTemplate) withPart(name, text string) (*template.Template, error) {
	whole, err := t.Clone()
	if err != nil {
		return nil, err
	}
	return whole.New("part " + name).Parse(text)
}

// walk calls found for every method of a template that is called with a text,
// such as {{.Part "location"}}.
func walk(n parse.Node, found func(method, argument string)) {
	pipe := func(p *parse.PipeNode) {
		if p == nil {
			return
		}
		for _, c := range p.Cmds {
			walk(c, found)
		}
	}
	branch := func(b *parse.BranchNode) {
		pipe(b.Pipe)
		walk(b.List, found)
		if b.ElseList != nil {
			walk(b.ElseList, found)
		}
	}
	switch n := n.(type) {
	case *parse.ListNode:
		for _, each := range n.Nodes {
			walk(each, found)
		}
	case *parse.ActionNode:
		pipe(n.Pipe)
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.PipeNode:
		pipe(n)
	case *parse.CommandNode:
		for _, argument := range n.Args {
			walk(argument, found)
		}
		if len(n.Args) < 2 {
			return
		}
		var names []string
		switch method := n.Args[0].(type) {
		case *parse.FieldNode:
			names = method.Ident
		case *parse.VariableNode:
			names = method.Ident
		}
		if text, ok := n.Args[1].(*parse.StringNode); ok && len(names) > 0 {
			found(names[len(names)-1], text.Text)
		}
	}
}
