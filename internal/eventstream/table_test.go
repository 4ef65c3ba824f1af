package eventstream

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// A row is one requirement: what is on the wire, and what must come of it.
type row struct {
	id     string // of the catalogue of client checks, or of this package alone
	limits Config
	wire   string // see parseWire
	events []event
	lastID string        // what a reconnect must send
	retry  time.Duration // -1 if the stream must set none
	odd    Findings      // all counts but Bytes, Lines and Events
}

const (
	bom     = "\xEF\xBB\xBF"
	noRetry = time.Duration(-1)
)

func table() []row {
	rows := []row{
		{id: "client.parse.basic", wire: "data: Hello\n\n", events: []event{message("Hello")}},
		{id: "client.parse.two-in-chunk", wire: "data: Hello\n\ndata: World\n\n", events: []event{message("Hello"), message("World")}},
		{id: "client.parse.optional-space", wire: "data:test\n\ndata: test\n\n", events: []event{message("test"), message("test")}},
		{id: "client.parse.one-space-only", wire: "event:  greeting\ndata:  Hello\n\n", events: []event{{" greeting", " Hello", ""}}},
		{id: "client.parse.tab-kept", wire: "data:\ttest\rdata: \ndata:test\n\n", events: []event{message("\ttest\n\ntest")}},
		{id: "client.parse.spaces-value", wire: "data:   \n\n", events: []event{message("  ")}},
		{id: "client.parse.multi-colon", wire: "data: : \n\n", events: []event{message(": ")}},
		{id: "client.parse.two-lines", wire: "data: Hello\ndata:World\n\n", events: []event{message("Hello\nWorld")}},
		{id: "client.parse.empty-data", wire: "data:\n\n", events: []event{message("")}},
		{id: "client.parse.bare-data", wire: "data\n\ndata\ndata\n\ndata:test\n\n", events: []event{message(""), message("\n"), message("test")}},
		{
			id:     "client.parse.event-data-mix",
			wire:   "data:msg\ndata: msg\n\n:\nfalsefield:msg\n\nfalsefield:msg\nData:data\n\ndata\n\ndata:end\n\n",
			events: []event{message("msg\nmsg"), message(""), message("end")},
			odd:    Findings{Comments: 1, UnknownFields: 3, UnknownNames: 2, FieldCase: 1},
		},
		{
			id:     "client.parse.unknown-fields",
			wire:   "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:thisisacommentyay\ndata:test\n\n",
			events: []event{message("test\n\ntest")},
			odd:    Findings{Comments: 1, UnknownFields: 3, UnknownNames: 1, NoColon: 1, FieldIndent: 1},
		},
		{
			id: "client.parse.field-torture",
			wire: "data:\x00\ndata:  2\rData:1\ndata\x00:2\ndata:1\r\x00data:4\nda-ta:3\rdata_5\ndata:3\r" +
				"data:\r\n data:32\ndata:4\n\n",
			events: []event{message("\x00\n 2\n1\n3\n\n4")},
			odd:    Findings{UnknownFields: 6, UnknownNames: 3, NoColon: 1, FieldCase: 1, FieldIndent: 1},
		},
		{
			id: "client.parse.comment-fest",
			wire: "data:1\r:\x00\n:\r\ndata:2\n:" + strings.Repeat("x", 2048) + "\rdata:3\n:data:fail\r:" +
				strings.Repeat("x", 2048) + "\ndata:4\n\n",
			events: []event{message("1\n2\n3\n4")},
			odd:    Findings{Comments: 5},
		},
		{id: "client.parse.comment-only-block", wire: "data: Hello\n\n:\n\ndata: World\n\n", events: []event{message("Hello"), message("World")}, odd: Findings{Comments: 1}},
		{id: "client.parse.comment-hides-data", wire: ":data: Hello\n\n", odd: Findings{Comments: 1}},
		{id: "client.parse.comment-inside-block", wire: "data: a\n: hb\ndata: b\n\n", events: []event{message("a\nb")}, odd: Findings{Comments: 1}},
		{id: "client.parse.nul-in-data", wire: "data:\x00\n\n", events: []event{message("\x00")}},
		{id: "client.parse.event-type", wire: "event:test\ndata:x\n\ndata:x\n\n", events: []event{{"test", "x", ""}, message("x")}},
		{id: "client.parse.event-empty", wire: "event: \ndata:data\n\n", events: []event{message("data")}},
		{id: "client.parse.event-empty/last", wire: "event: a\nevent\ndata:data\n\n", events: []event{message("data")}},
		{id: "client.parse.event-last-wins", wire: "event: a\nevent: b\ndata: x\n\n", events: []event{{"b", "x", ""}}},
		{id: "client.parse.event-no-data", wire: "event:custom\n\ndata: x\n\n", events: []event{message("x")}, odd: Findings{EmptyBlocks: 1}},
		{id: "client.parse.event-bare-data", wire: "event:custom\ndata\n\n", events: []event{{"custom", "", ""}}},
		{id: "client.parse.reverse-order", wire: "data: Hello\nid: abc\nevent: greeting\n\n", events: []event{{"greeting", "Hello", "abc"}}, lastID: "abc"},
		{id: "client.parse.unknown-color", wire: "event: greeting\ncolor: blue\ndata: Hello\n\n", events: []event{{"greeting", "Hello", ""}}, odd: Findings{UnknownFields: 1, UnknownNames: 1}},
		{id: "client.parse.case-sensitive", wire: "DATA: x\nId: 7\n\ndata: y\n\n", events: []event{message("y")}, odd: Findings{UnknownFields: 2, FieldCase: 2}},
		{
			id:     "client.parse.field-spelling",
			wire:   " Data: x\ndata : x\n\tRETRY\nbeat\n" + bom + "beat\n" + bom + "id: 7\n" + bom + " Id\n" + bom + "sent: 1\nsent: 1\ndata: y\n\n",
			events: []event{message("y")},
			odd:    Findings{UnknownFields: 9, UnknownNames: 1, NoColon: 2, FieldCase: 2, FieldIndent: 3, LateByteOrderMarks: 4},
		},
		{id: "client.parse.retry-only", wire: "retry: 100\n\n", retry: 100 * time.Millisecond},
		{id: "client.parse.id-only", wire: "id: 1337\n\n⟂", lastID: "1337"},
		{id: "client.parse.utf8-always", wire: "data:ok…\n\n", events: []event{message("ok…")}},
		{id: "client.parse.utf8-invalid", wire: "data: \xFF\xC3\n\n", events: []event{message("\uFFFD\uFFFD")}, odd: Findings{InvalidUTF8: 1}},
		{id: "client.parse.utf8-cut-eof", wire: "data: x\n\ndata: \xE2\x82⟂", events: []event{message("x")}, odd: Findings{CutEvents: 1}},
		{
			id:     "client.parse.unicode-separators",
			wire:   "data: {\"t\":\"a\u2028b\u2029c\u0085d\x0be\x0cf\"}\n\n",
			events: []event{message("{\"t\":\"a\u2028b\u2029c\u0085d\x0be\x0cf\"}")},
		},
		{id: "client.parse.bom-start", wire: bom + "data: Hello\n\n", events: []event{message("Hello")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-all-fields", wire: bom + "event: greeting\nid: abc\ndata: Hello\n\n", events: []event{{"greeting", "Hello", "abc"}}, lastID: "abc", odd: Findings{ByteOrderMarks: 1}},
		{
			id:     "client.parse.bom-later",
			wire:   bom + "data:1\n\n" + bom + "data:2\n\ndata:3\n\n",
			events: []event{message("1"), message("3")},
			odd:    Findings{ByteOrderMarks: 1, LateByteOrderMarks: 1, UnknownFields: 1},
		},
		{
			id:     "client.parse.bom-double",
			wire:   bom + bom + "data:1\n\ndata:2\n\ndata:3\n\n",
			events: []event{message("2"), message("3")},
			odd:    Findings{ByteOrderMarks: 1, LateByteOrderMarks: 1, UnknownFields: 1},
		},
		{id: "client.parse.bom-in-data", wire: "data: " + bom + "x\n\n", events: []event{message(bom + "x")}},
		{id: "client.parse.bom-in-data/both", wire: bom + "data: " + bom + "x\n\n", events: []event{message(bom + "x")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-split/two", wire: "\xEF\xBB∥\xBFdata: Hello\n\n", events: []event{message("Hello")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-split/three", wire: "\xEF∥\xBB∥\xBF∥data: Hello\n\n", events: []event{message("Hello")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-split/not-one", wire: "\xEF∥\xBB∥data: x\ndata: y\n\n", events: []event{message("y")}, odd: Findings{UnknownFields: 1, UnknownNames: 1, InvalidUTF8: 1}},
		{id: "client.parse.bom-split/eof", wire: "\xEF\xBB⟂\xBFdata: x\ndata: y\n\n", events: []event{message("y")}, odd: Findings{UnknownFields: 1, UnknownNames: 1, InvalidUTF8: 1, CutEvents: 1}},
		{id: "client.parse.bom-comment", wire: bom + ":comment\ndata: Hello\n\n", events: []event{message("Hello")}, odd: Findings{ByteOrderMarks: 1, Comments: 1}},
		{id: "client.parse.bom-multi", wire: bom + "data: Line1\ndata: Line2\n\n", events: []event{message("Line1\nLine2")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-empty", wire: bom + "data:\n\n", events: []event{message("")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-baseline", wire: "data: Hello\n\n", events: []event{message("Hello")}},
		{id: "client.parse.bom-two-events", wire: bom + "data: First\n\ndata: Second\n\n", events: []event{message("First"), message("Second")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "client.parse.bom-per-connection", wire: bom + "data: 1\n\n⟂" + bom + "data: 2\n\n⟂", events: []event{message("1"), message("2")}, odd: Findings{ByteOrderMarks: 2}},
		{id: "client.parse.eof-pending/no-line-end", wire: "data: data0⟂", odd: Findings{CutEvents: 1}},
		{id: "client.parse.eof-pending/no-blank-line", wire: "data:\n⟂", odd: Findings{CutEvents: 1}},
		{id: "client.parse.eof-pending/cr", wire: "data: x\r⟂\ndata: y\n\n", events: []event{message("y")}, odd: Findings{CutEvents: 1}},
		{id: "client.parse.eof-pending/comment", wire: ": hb\n⟂: hb⟂", odd: Findings{Comments: 1, CutEvents: 1}},
		{id: "client.parse.eof-pending/nothing", wire: "data: x\n\n⟂⟂", events: []event{message("x")}},
		burst(),

		{id: "client.chunk.newline-fest", wire: "data:test\r\ndata\ndata:test\r\n\r⟂", events: []event{message("test\n\ntest")}},
		{id: "client.chunk.cr-lf-split", wire: "data: Hello\r∥\ndata: World\r∥\n\r\ndata: OK\r∥\n∥\r∥\n", events: []event{message("Hello\nWorld"), message("OK")}},
		{id: "client.chunk.mixed-cr-crlf/cr-crlf", wire: "data: Hello\r\r\n", events: []event{message("Hello")}},
		{id: "client.chunk.mixed-cr-crlf/lf-crlf", wire: "data: Hello\n\r\n", events: []event{message("Hello")}},
		{id: "client.chunk.all-three", wire: "data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n", events: []event{message("cr"), message("lf"), message("crlf")}},
		{id: "client.chunk.cr-no-wait", wire: "data: x\r\r", events: []event{message("x")}},
		{id: "client.chunk.cr-no-wait/lf-follows", wire: "data: x\r\r∥\ndata: y\r\r∥\n", events: []event{message("x"), message("y")}},
		{id: "client.chunk.split-name", wire: "da∥ta: hel∥lo\n\n", events: []event{message("hello")}},
		{id: "client.chunk.split-value", wire: "data: Hel∥lo\n\n", events: []event{message("Hello")}},
		{id: "client.chunk.shared-chunk", wire: "data: test∥test\n\ndata:∥test\n\n", events: []event{message("testtest"), message("test")}},
		{id: "client.chunk.utf8-bytewise", wire: "data: €豆腐\n\n", events: []event{message("€豆腐")}},
		{id: "client.chunk.utf8-slow", wire: "data: \xF0∥\x9F∥\x8F∥\xA9\n\n", events: []event{message("\U0001F3E9")}},
		{id: "client.chunk.slow-terminator", wire: "data:1∥2∥3∥\n∥\n", events: []event{message("123")}},
		{id: "client.chunk.empty-chunk", wire: "∥∥data: x\r∥∥\n∥∥\r∥∥\n∥∥", events: []event{message("x")}},
		{id: "client.chunk.after-big", wire: "data: " + strings.Repeat("b", 3000) + "\n\n∥data: small1\n\n∥data: small2\n\n", events: []event{message(strings.Repeat("b", 3000)), message("small1"), message("small2")}},
		{id: "client.chunk.small-delays", wire: "data\n\n∥data\n\n∥data\n\n", events: []event{message(""), message(""), message("")}},

		{id: "client.id.set", wire: "id: abc\ndata: Hello\n\n", events: []event{messageID("Hello", "abc")}, lastID: "abc"},
		{id: "client.id.persists", wire: "id: 1\ndata: 1\n\ndata:2\n\n", events: []event{messageID("1", "1"), messageID("2", "1")}, lastID: "1"},
		{id: "client.id.changes", wire: "id: 1\ndata: 1\n\nid: 2\ndata:2\n\ndata:3\n\n", events: []event{messageID("1", "1"), messageID("2", "2"), messageID("3", "2")}, lastID: "2"},
		{id: "client.id.last-wins", wire: "id: 1\nid: 2\ndata:2\n\n", events: []event{messageID("2", "2")}, lastID: "2"},
		{id: "client.id.reset-colon", wire: "id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n", events: []event{messageID("1", "1"), message("2"), message("3")}},
		{id: "client.id.reset-bare", wire: "id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n", events: []event{messageID("1", "1"), message("2"), message("3")}},
		{id: "client.id.nul-keeps-previous", wire: "id:3000\nid:30\x000\ndata:x\n\n", events: []event{messageID("x", "3000")}, lastID: "3000", odd: Findings{NULInID: 1}},
		{
			id:     "client.id.pending-not-committed",
			wire:   "retry:1000\ndata:test1\n\nid:test\ndata:test2⟂retry:1000\ndata:test1\n\nid:test\ndata:test2⟂",
			events: []event{message("test1"), message("test1")},
			retry:  time.Second,
			odd:    Findings{CutEvents: 2},
		},
		{id: "client.id.drop-mid-block", wire: "id: 1\ndata: 1\n\nid: 2\ndrop⟂data: 3\n\n", events: []event{messageID("1", "1"), messageID("3", "1")}, lastID: "1", odd: Findings{CutEvents: 1}},
		{id: "client.id.header-utf8", wire: "id: …\nretry: 200\ndata: hello\n\n⟂", events: []event{messageID("hello", "…")}, lastID: "\xE2\x80\xA6", retry: 200 * time.Millisecond},
		{
			id:     "client.id.survives-reconnect",
			wire:   "id: …\ndata: 1\n\n⟂data: 2\n\n⟂data: 3\n\n⟂",
			events: []event{messageID("1", "…"), messageID("2", "…"), messageID("3", "…")},
			lastID: "…",
		},
		{id: "client.id.reset-then-reconnect", wire: "id: abc\ndata: 1\n\nid: \n\n⟂", events: []event{messageID("1", "abc")}},
		{id: "client.id.first-request", wire: ""},
		{id: "client.id.kept-if-none-newer", wire: "id: 1\ndata: 1\n\n⟂: hello\n\n⟂", events: []event{messageID("1", "1")}, lastID: "1", odd: Findings{Comments: 1}},
		{id: "client.id.unsendable", wire: "id: a\x01b\ndata: x\n\n", events: []event{messageID("x", "a\x01b")}, lastID: "a\x01b"},
		{id: "client.id.invalid-utf8", wire: "id: \xE2\x82\nevent: \xF0\x9F\ndata: x\n\n", events: []event{{"\uFFFD", "x", "\uFFFD"}}, lastID: "\uFFFD", odd: Findings{InvalidUTF8: 2}},

		{id: "client.retry.decimal", wire: "retry:03000\ndata:x\n\n⟂", events: []event{message("x")}, retry: 3 * time.Second},
		{id: "client.retry.bogus", wire: "retry:3000\nretry:1000x\ndata:x\n\n⟂", events: []event{message("x")}, retry: 3 * time.Second, odd: Findings{BadRetry: 1}},
		{id: "client.retry.empty", wire: "retry\ndata:test\n\n", events: []event{message("test")}, odd: Findings{BadRetry: 1}},
		{id: "client.retry.empty/colon", wire: "retry: \ndata:test\n\n", events: []event{message("test")}, odd: Findings{BadRetry: 1}},
		{id: "client.retry.persists", wire: "retry: 70\ndata: 1\n\n⟂data: 2\n\n⟂", events: []event{message("1"), message("2")}, retry: 70 * time.Millisecond},
		{id: "client.retry.before-blank-line", wire: "retry: 70\n⟂", retry: 70 * time.Millisecond, odd: Findings{CutEvents: 1}},
		{id: "client.retry.huge", wire: "retry: 99999999999999999999\ndata: x\n\n", events: []event{message("x")}, retry: math.MaxInt64},
		{id: "client.retry.huge/wraps-to-zero", wire: "retry: 18446744073709551616\ndata: x\n\n", events: []event{message("x")}, retry: math.MaxInt64},
		{id: "client.retry.huge/bad", wire: "retry: 99999999999999999999x\ndata: x\n\n", events: []event{message("x")}, odd: Findings{BadRetry: 1}},
		{id: "client.retry.huge/last-exact", wire: "retry: 9223372036854\n\n", retry: 9223372036854 * time.Millisecond},
		{id: "client.retry.huge/first-saturated", wire: "retry: 9223372036855\n\n", retry: math.MaxInt64},
		{id: "client.retry.zero", wire: "retry: 5\nretry: 0\ndata: x\n\n", events: []event{message("x")}, retry: 0},

		{
			id:     "client.reconnect.discard-partial",
			wire:   "id: abc\ndata: Hello\n\nid: def\ndata: Goodbye⟂data: We meet again\n\n",
			events: []event{messageID("Hello", "abc"), messageID("We meet again", "abc")},
			lastID: "abc",
			odd:    Findings{CutEvents: 1},
		},
		{id: "client.reconnect.works-after", wire: "data: Hel⟂id: def\ndata: World\n\n", events: []event{messageID("World", "def")}, lastID: "def", odd: Findings{CutEvents: 1}},
	}
	// The zero retry of a literal above means that none is set, except where
	// it is what the row is about.
	for i := range rows {
		if rows[i].retry == 0 && rows[i].id != "client.retry.zero" {
			rows[i].retry = noRetry
		}
	}
	for i, value := range []string{"\x00\x00", "x\x00", "\x00x", "x\x00x", " \x00"} {
		rows = append(rows, row{
			id:     fmt.Sprintf("client.id.nul-ignored/%d", i),
			wire:   "id: " + value + "\ndata: x\n\n⟂",
			events: []event{message("x")},
			retry:  noRetry,
			odd:    Findings{NULInID: 1},
		})
	}
	for _, value := range []string{"-1", "1.5", "+5", "  5", "5 ", "5s", "0x5", "1_0", "１０", "\xFF"} {
		r := row{
			id:     fmt.Sprintf("client.retry.bad-forms/%q", value),
			wire:   "retry:" + value + "\ndata: x\n\n",
			events: []event{message("x")},
			retry:  noRetry,
			odd:    Findings{BadRetry: 1},
		}
		if value == "\xFF" {
			r.odd.InvalidUTF8 = 1
		}
		rows = append(rows, r)
	}
	return append(append(rows, lineFeedMatrix()...), limitRows()...)
}

func burst() row {
	r := row{id: "client.parse.burst-100"}
	for i := range 100 {
		r.wire += fmt.Sprintf("data: %d\n\n", i)
		r.events = append(r.events, message(fmt.Sprint(i)))
	}
	return r
}

// lineFeedMatrix is 3 line ends by 6 shapes. Every row of the table is also
// cut in pieces of one and two bytes, which makes the 54 cases of the SSE
// contract tests.
func lineFeedMatrix() []row {
	var rows []row
	for name, eol := range map[string]string{"LF": "\n", "CRLF": "\r\n", "CR": "\r"} {
		for _, shape := range []struct {
			name, wire string
			events     []event
		}{
			{"one-line", "data: event 1||", []event{message("event 1")}},
			{"one-and-two-lines", "data: event 1||data: event 2 line 1|data: event 2 line 2||", []event{message("event 1"), message("event 2 line 1\nevent 2 line 2")}},
			{"empty-first", "data:|data: line2|data: line3||", []event{message("\nline2\nline3")}},
			{"empty-middle", "data: line1|data:|data: line3||", []event{message("line1\n\nline3")}},
			{"one-extra-blank", "data: event 1|||data: event 2||", []event{message("event 1"), message("event 2")}},
			{"two-extra-blank", "data: event 1||||data: event 2||", []event{message("event 1"), message("event 2")}},
		} {
			rows = append(rows, row{
				id:     "client.chunk.matrix/" + name + "/" + shape.name,
				wire:   strings.ReplaceAll(shape.wire, "|", eol),
				events: shape.events,
				retry:  noRetry,
			})
		}
	}
	return rows
}

// limitRows are about Config.MaxLine and Config.MaxEvent.
func limitRows() []row {
	line := Config{MaxLine: 10}
	data := Config{MaxEvent: 5}
	rows := []row{
		{id: "limit.line/exact", limits: line, wire: "data: 1234\n\n", events: []event{message("1234")}},
		{id: "limit.line/bom-not-counted", limits: line, wire: bom + "data: 1234\n\n", events: []event{message("1234")}, odd: Findings{ByteOrderMarks: 1}},
		{id: "limit.line/one-more", limits: line, wire: "data: 12345\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1}},
		{id: "limit.line/crlf", limits: line, wire: "data: 12345\r\n\r\ndata: ok\r\n\r\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1}},
		{id: "limit.line/cr", limits: line, wire: "data: 12345\r\rdata: ok\r\r", events: []event{message("ok")}, odd: Findings{LineTooLong: 1}},
		{id: "limit.line/data-before-and-after", limits: line, wire: "data: a\ndata: 12345\ndata: b\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1}},
		{id: "limit.line/twice", limits: line, wire: "data: 12345\ndata: 12345\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 2}},
		{id: "limit.line/comment", limits: line, wire: "data: x\n: 123456789\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1}},
		{id: "limit.line/id-commits", limits: line, wire: "id: 7\ndata: 12345\n\ndata: ok\n\n", events: []event{messageID("ok", "7")}, lastID: "7", odd: Findings{LineTooLong: 1}},
		{id: "limit.line/id-too-long", limits: line, wire: "id: 6\n\nid: 7777777\ndata: x\n\ndata: ok\n\n", events: []event{messageID("ok", "6")}, lastID: "6", odd: Findings{LineTooLong: 1}},
		{id: "limit.line/eof", limits: line, wire: "data: 12345⟂data: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1, CutEvents: 1}},
		{id: "limit.line/eof-in-block", limits: line, wire: "data: 12345\n⟂data: ok\n\n", events: []event{message("ok")}, odd: Findings{LineTooLong: 1, CutEvents: 1}},
		{id: "limit.line/one", limits: Config{MaxLine: 1}, wire: "\xEF\xBB\n\nd\n\n", odd: Findings{LineTooLong: 1, UnknownFields: 1, NoColon: 1}},
		{id: "limit.event/exact", limits: data, wire: "data: 12\ndata: 34\n\n", events: []event{message("12\n34")}},
		{id: "limit.event/one-more", limits: data, wire: "data: 12\ndata: 345\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{EventTooLarge: 1}},
		{id: "limit.event/one-line", limits: data, wire: "data: 123456\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{EventTooLarge: 1}},
		{id: "limit.event/once", limits: data, wire: "data: 123456\ndata: 123456\n\ndata: ok\n\n", events: []event{message("ok")}, odd: Findings{EventTooLarge: 1}},
		{id: "limit.event/as-decoded", limits: data, wire: "data: \xFF\xFF\n\ndata: \xFF\n\n", events: []event{message("\uFFFD")}, odd: Findings{EventTooLarge: 1, InvalidUTF8: 2}},
		{id: "limit.event/id-commits", limits: data, wire: "data: 123456\nid: 7\n\ndata: ok\n\n", events: []event{messageID("ok", "7")}, lastID: "7", odd: Findings{EventTooLarge: 1}},
		{id: "limit.event/eof", limits: data, wire: "data: 123456\n⟂data: ok\n\n", events: []event{message("ok")}, odd: Findings{EventTooLarge: 1, CutEvents: 1}},
		{id: "limit.default-line", wire: "data: " + strings.Repeat("x", DefaultMaxLine-6) + "\n\ndata: " + strings.Repeat("x", DefaultMaxLine-5) + "\n\ndata: ok\n\n", events: []event{message(strings.Repeat("x", DefaultMaxLine-6)), message("ok")}, odd: Findings{LineTooLong: 1}},
	}
	for i := range rows {
		rows[i].retry = noRetry
	}
	return rows
}
