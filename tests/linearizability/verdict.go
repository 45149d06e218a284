package main

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"
)

type verdict struct {
	status int
	text   string // ends with a new line
}

// judge looks at each code by itself: a history has an order if and only if those of all codes have one (Herlihy and
// Wing, 1990: linearizability is local).
func judge(history []*Operation, timeout time.Duration) verdict {
	codes := map[string][]*Operation{}
	clients := map[int]bool{}
	unanswered, replayed := 0, 0
	for _, o := range history {
		codes[o.Code] = append(codes[o.Code], o)
		clients[o.Client] = true
		if o.Outcome == "unknown" {
			unanswered++
		}
		if o.Replayed {
			replayed++
		}
	}
	names := make([]string, 0, len(codes))
	for name := range codes {
		names = append(names, name)
	}
	sort.Strings(names)
	var bad, slow []string
	until := time.Now().Add(timeout)
	for _, name := range names {
		switch search(codes[name], until) {
		case porcupine.Illegal:
			bad = append(bad, name)
		case porcupine.Unknown:
			slow = append(slow, name)
		}
	}
	of := fmt.Sprintf("%d operations on %d codes by %d clients, %d without answer, %d answered again",
		len(history), len(codes), len(clients), unanswered, replayed)
	if len(bad) > 0 {
		name := bad[0]
		return verdict{violated, fmt.Sprintf("NOT linearizable: %d of %d codes, first %s; %s\n%s", len(bad), len(codes), name, of,
			excerpt(codes[name], time.Now().Add(timeout)))}
	}
	if len(slow) > 0 {
		return verdict{undecided, fmt.Sprintf("undecided within %v: %d of %d codes, first %s; %s\n", timeout, len(slow), len(codes), slow[0], of)}
	}
	return verdict{linearizable, fmt.Sprintf("linearizable: %s\n", of)}
}

// excerpt shows the operations without which the contradiction would be gone, and all that may have changed the code.
func excerpt(operations []*Operation, until time.Time) string {
	left := append([]*Operation(nil), matter(operations)...)
	sort.SliceStable(left, func(a, b int) bool { return left[a].Call < left[b].Call })
	for at := len(left) - 1; at >= 0; at-- {
		without := append(append([]*Operation(nil), left[:at]...), left[at+1:]...)
		changesNothing := left[at].isRead() || left[at].Outcome == "refused" || left[at].Outcome == "withdrawn"
		if changesNothing && !isReferred(left, left[at].ID) && search(without, until) == porcupine.Illegal {
			left = without
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "no order fits these %d of its %d operations (ms):\n", len(left), len(operations))
	for _, o := range left {
		text.WriteString("  " + describe(o, left[0].Call) + "\n")
	}
	return text.String()
}

func isReferred(operations []*Operation, id int) bool {
	for _, o := range operations {
		if o.After == id {
			return true
		}
	}
	return false
}

func describe(o *Operation, since int64) string {
	ms := func(time int64) string { return fmt.Sprintf("%.3f", float64(time-since)/1e6) }
	until := "..."
	if o.Outcome != "unknown" {
		until = ms(o.Return)
	}
	asked := o.Op
	if o.Op == "introspect" {
		asked += " " + o.Token
	}
	if o.Key != "" {
		asked += " with key " + o.Key
	}
	answer := o.Outcome
	switch {
	case o.Outcome == "unknown":
		answer = "no answer"
	case o.Op == "lookup":
		answer = o.State
	case o.Op == "introspect":
		answer = fmt.Sprintf("active: %v", *o.Active)
	case o.Op == "redeem" && o.Outcome == "ok":
		answer += " " + o.Token
	}
	if o.Replayed {
		answer += " (answered again)"
	}
	if o.Stale {
		answer += fmt.Sprintf(" (stale, after %d)", o.After)
	}
	return fmt.Sprintf("#%-6d client %-3d %10s to %-10s %s: %s", o.ID, o.Client, ms(o.Call), until, asked, answer)
}
