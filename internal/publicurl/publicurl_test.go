package publicurl

import "testing"

func TestOf(t *testing.T) {
	for url, want := range map[string]string{
		"http://127.0.0.1:8080/events":                        "http://127.0.0.1:8080/events",
		"http://127.0.0.1":                                    "http://127.0.0.1",
		"https://user:hush@app.example":                       "https://***@app.example",
		"https://user:hu@sh@app.example/a@b":                  "https://***@app.example/a@b",
		"https://token@[::1]:8443/events?":                    "https://***@[::1]:8443/events?",
		"http://h/e?topic={topic}&stream={stream}&key=hush&x": "http://h/e?topic={topic}&stream={stream}&key=***&x",
		"http://h/e?a={topic}hush}&b={&c=a=b":                 "http://h/e?a=***&b=***&c=***",
		"embedded":                                            "embedded",
	} {
		if got := Of(url); got != want {
			t.Errorf("%s is shown as %s, want %s", url, got, want)
		}
	}
}
