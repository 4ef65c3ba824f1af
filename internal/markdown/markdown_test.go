package markdown

import "testing"

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"a|b\n<i>`*_[x]":   `a\|b &lt;i&gt;'\*\_\[x\]`,
		`a\|b \[x\](u) \*`: `a\\\|b \\\[x\\\](u) \\\*`, // what is escaped already is still text
		"&lt;i&gt; ~x~":    `&amp;lt;i&amp;gt; \~x\~`,
	} {
		if got := Text(text); got != want {
			t.Errorf("Text(%q) gives %s, want %s", text, got, want)
		}
	}
}

func TestFenced(t *testing.T) {
	if got := Fenced("a```b"); got != "````text\na```b\n````" {
		t.Errorf("Fenced gives %s", got)
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct{ text, want string }{{"short", "short"}, {"éééééé", "éé…"}} {
		if got := Shorten(c.text, 5); got != c.want {
			t.Errorf("Shorten(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}
