package eventstream

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

var referenceSpelling = regexp.MustCompile("(?i)^(\uFEFF?)([ \t]*)(data|event|id|retry)([ \t]*)$")

// reference decodes connections as the standard's text says it, step by step
// and without limits. It is slow on purpose: nothing in it is shared with the
// decoder that it is compared with. The last connection has no end if open.
func reference(conns []string, open bool) decoded {
	var got decoded
	f := &got.Findings
	lastEventID := ""
	for i, conn := range conns {
		ended := !open || i < len(conns)-1
		f.Bytes += uint64(len(conn))
		raw, marked := strings.CutPrefix(conn, "\xEF\xBB\xBF")
		if marked {
			f.ByteOrderMarks++
		}
		rawLines, rest := referenceLines(raw)
		for _, line := range rawLines {
			if !utf8.ValidString(line) {
				f.InvalidUTF8++
			}
		}

		dataBuffer, typeBuffer, idBuffer := "", "", lastEventID
		fields, named := false, false
		lines, _ := referenceLines(referenceUTF8(raw))
		for _, line := range lines {
			f.Lines++
			if line == "" {
				lastEventID = idBuffer
				if dataBuffer == "" {
					if named {
						f.EmptyBlocks++
					}
				} else {
					e := event{Type: "message", Data: strings.TrimSuffix(dataBuffer, "\n"), LastEventID: lastEventID}
					if typeBuffer != "" {
						e.Type = typeBuffer
					}
					got.Events = append(got.Events, e)
					f.Events++
				}
				dataBuffer, typeBuffer, fields, named = "", "", false, false
				continue
			}
			name, value, colon := strings.Cut(line, ":")
			if colon && name == "" {
				f.Comments++
				continue
			}
			value = strings.TrimPrefix(value, " ")
			fields = true
			switch name {
			case "event":
				typeBuffer, named = value, true
			case "data":
				dataBuffer += value + "\n"
			case "id":
				if strings.Contains(value, "\x00") {
					f.NULInID++
				} else {
					idBuffer = value
				}
			case "retry":
				if value == "" || strings.Trim(value, "0123456789") != "" {
					f.BadRetry++
					break
				}
				ms, _ := new(big.Int).SetString(value, 10)
				ns := ms.Mul(ms, big.NewInt(int64(time.Millisecond)))
				got.HasRetry = true
				got.Retry = math.MaxInt64
				if ns.IsInt64() {
					got.Retry = time.Duration(ns.Int64())
				}
			default:
				f.UnknownFields++
				marked := strings.HasPrefix(line, "\uFEFF")
				if marked {
					f.LateByteOrderMarks++
				}
				spelling := referenceSpelling.FindStringSubmatch(name)
				switch {
				case spelling == nil && !colon:
					f.NoColon++
				case spelling == nil && !marked:
					f.UnknownNames++
				case spelling != nil && !marked:
					if spelling[2]+spelling[4] != "" {
						f.FieldIndent++
					}
					if spelling[3] != strings.ToLower(spelling[3]) {
						f.FieldCase++
					}
				}
			}
		}
		if ended && (fields || rest != "") {
			f.CutEvents++
		}
	}
	got.LastEventID = lastEventID
	return got
}

// referenceLines returns the lines of s that have an end, and what follows
// the last end.
func referenceLines(s string) (lines []string, rest string) {
	from := 0
	for i := range len(s) {
		switch {
		case s[i] == '\n' && i > 0 && s[i-1] == '\r':
			from = i + 1
		case s[i] == '\n' || s[i] == '\r':
			lines = append(lines, s[from:i])
			from = i + 1
		}
	}
	return lines, s[from:]
}

// referenceUTF8 is the UTF-8 decoder of the Encoding standard, section 8.1.1,
// with its variables and their names, in error mode "replacement".
func referenceUTF8(s string) string {
	var out strings.Builder
	codePoint, bytesSeen, bytesNeeded := rune(0), 0, 0
	lower, upper := byte(0x80), byte(0xBF)
	for i := 0; i < len(s); i++ {
		b := s[i]
		if bytesNeeded == 0 {
			switch {
			case b <= 0x7F:
				out.WriteByte(b)
			case 0xC2 <= b && b <= 0xDF:
				bytesNeeded, codePoint = 1, rune(b&0x1F)
			case 0xE0 <= b && b <= 0xEF:
				if b == 0xE0 {
					lower = 0xA0
				}
				if b == 0xED {
					upper = 0x9F
				}
				bytesNeeded, codePoint = 2, rune(b&0x0F)
			case 0xF0 <= b && b <= 0xF4:
				if b == 0xF0 {
					lower = 0x90
				}
				if b == 0xF4 {
					upper = 0x8F
				}
				bytesNeeded, codePoint = 3, rune(b&0x07)
			default:
				out.WriteRune('\uFFFD')
			}
			continue
		}
		inRange := lower <= b && b <= upper
		lower, upper = 0x80, 0xBF
		if !inRange {
			codePoint, bytesNeeded, bytesSeen = 0, 0, 0
			out.WriteRune('\uFFFD')
			i-- // restore the byte
			continue
		}
		codePoint = codePoint<<6 | rune(b&0x3F)
		bytesSeen++
		if bytesSeen == bytesNeeded {
			out.WriteRune(codePoint)
			codePoint, bytesNeeded, bytesSeen = 0, 0, 0
		}
	}
	if bytesNeeded != 0 {
		out.WriteRune('\uFFFD')
	}
	return out.String()
}
