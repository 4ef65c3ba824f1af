package markdown

import "testing"

func TestText(t *testing.T) {
	if got, want := Text("a|b\n<i>`*_[x]"), `a\|b &lt;i&gt;'\*\_\[x\]`; got != want {
		t.Errorf("Text gives %s, want %s", got, want)
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
