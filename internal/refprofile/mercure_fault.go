package refprofile

import "github.com/ssegauge/ssegauge/internal/refserver"

// mercureManners are what a fault can change. The zero value is right.
type mercureManners struct {
	typedWithoutID bool // an update with a type gets no ID
	anyID          bool // the ID of an update is not checked
	anyType        bool // nor is its type
	anyRetry       bool // nor its reconnection time
	splitsAtLF     bool // data is split at LF alone
	queryWins      bool // the parameter last_event_id goes before the field
	noCursor       bool // the answer does not tell where a stream begins
	latestID       bool // of several updates with an ID the latest counts
	outlives       bool // a stream outlives its token
	forbids        bool // every refusal for want of rights is 403
	queryToken     bool // a token in the query is taken
	allPublic      bool // private updates reach everybody
	silent         bool // there are no heartbeats
}

var mercureFaults = []faultRow[mercureManners]{
	{refserver.Fault{ID: "id-missing-typed", Description: "An update with a type has no ID.", Breaks: []string{"mercure.id.always"}},
		func(m *mercureManners) { m.typedWithoutID = true }},
	{refserver.Fault{ID: "id-unchecked", Description: "An update with any ID is accepted.", Breaks: []string{"mercure.id.reject"}},
		func(m *mercureManners) { m.anyID = true }},
	{refserver.Fault{ID: "type-unchecked", Description: "An update with any type is accepted.", Breaks: []string{"mercure.type.reject"}},
		func(m *mercureManners) { m.anyType = true }},
	{refserver.Fault{ID: "retry-unchecked", Description: "An update with any reconnection time is accepted.", Breaks: []string{"mercure.retry.reject"}},
		func(m *mercureManners) { m.anyRetry = true }},
	{refserver.Fault{ID: "split-at-lf", Description: "Data is split at line feeds alone.", Breaks: []string{"mercure.data.split"}},
		func(m *mercureManners) { m.splitsAtLF = true }},
	{refserver.Fault{ID: "query-wins", Description: "An ID in the query goes before that in the field.", Breaks: []string{"mercure.last_event_id"}},
		func(m *mercureManners) { m.queryWins = true }},
	{refserver.Fault{ID: "cursor-missing", Description: "The answer to a resumed stream does not tell where it begins.", Breaks: []string{"mercure.cursor-header"}},
		func(m *mercureManners) { m.noCursor = true }},
	{refserver.Fault{ID: "id-latest", Description: "An ID that several updates share resumes behind the latest.", Breaks: []string{"mercure.reused-id"}},
		func(m *mercureManners) { m.latestID = true }},
	{refserver.Fault{ID: "exp-ignored", Description: "A stream outlives its token.", Breaks: []string{"mercure.exp"}},
		func(m *mercureManners) { m.outlives = true }},
	{refserver.Fault{ID: "error-403", Description: "A request without a good token is answered with 403.", Breaks: []string{"mercure.errors"}},
		func(m *mercureManners) { m.forbids = true }},
	{refserver.Fault{ID: "query-token", Description: "A token in the query is accepted.", Breaks: []string{"mercure.no-query-token"}},
		func(m *mercureManners) { m.queryToken = true }},
	{refserver.Fault{ID: "private-shared", Description: "Private updates reach all subscribers of their topic.", Breaks: []string{"mercure.private"}},
		func(m *mercureManners) { m.allPublic = true }},
	{refserver.Fault{ID: "idle-silent", Description: "An idle stream gets no comments.", Breaks: []string{"mercure.heartbeat"}},
		func(m *mercureManners) { m.silent = true }},
}
