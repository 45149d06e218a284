package main

// One code's operations as porcupine takes them. A crowd at one code is many operations at once, and a search that
// tries their orders one by one never ends when none fits. What is done about it changes no verdict (search_test.go
// holds it against a search without any of it):
//
//   - An operation without answer is put into the order only where it has an effect; the others come last, behind a
//     mark for the end of the history. A code changes three times at most, so few of them can matter.
//   - A redemption without answer is left out when the answers say that it had no effect: another key has redeemed the
//     code, or a repeat with its own key was refused.
//   - Keys that no repeat refers to are dropped, so that operations become alike. Of those that are alike the one called
//     first comes first: where the other fits, so does it just before it, and what follows sees no difference.
//   - What changes nothing is done before anything that was called later, if it fits then: doing it early hinders nobody.

import (
	"math"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const nowhere = -1

// placed is an operation with what the search must know of the others.
type placed struct {
	*Operation
	end    bool // the mark for the end of the history
	order  int  // of the calls
	class  int  // its counter: how many of its like have been done
	before int  // how many of its like come before it
	mark   int  // its counter: whether it has been done; some read must come after it
	after  int  // counter of the operation that must have been done
}

// idle says whether the operation changes nothing, wherever it fits.
func (o *placed) idle() bool {
	return o.Outcome != "unknown" && (o.isRead() || o.Replayed || o.Outcome != "ok")
}

// progress is the state of the search. It can be compared with ==.
type progress struct {
	code
	ended    bool
	counters string // two bytes each
}

func (p progress) counter(at int) int {
	return int(p.counters[2*at])<<8 | int(p.counters[2*at+1])
}

func (p progress) counted(at int) progress {
	next := p.counter(at) + 1
	p.counters = p.counters[:2*at] + string([]byte{byte(next >> 8), byte(next)}) + p.counters[2*at+2:]
	return p
}

// try does the operation, if it fits.
func (p progress) try(o *placed) (progress, bool) {
	if o.class != nowhere && p.counter(o.class) != o.before || o.after != nowhere && p.counter(o.after) == 0 {
		return p, false
	}
	var fits bool
	if o.Outcome == "unknown" {
		p.code, fits = p.code.effect(o.Operation)
		fits = fits || p.ended
	} else {
		p.code, fits = p.code.step(o.Operation)
	}
	if !fits {
		return p, false
	}
	if o.class != nowhere {
		p = p.counted(o.class)
	}
	if o.mark != nowhere {
		p = p.counted(o.mark)
	}
	return p, true
}

// plan is what is searched for an order.
type plan struct {
	all   []*placed
	idle  map[int][]*placed // class -> those that change nothing and are alike
	begin progress
}

func (s *plan) step(p progress, o *placed) (progress, bool) {
	if o.end {
		p.ended = true
		return p, true
	}
	next, fits := p.try(o)
	if !fits || p.ended {
		return next, fits
	}
	for class, members := range s.idle {
		if done := p.counter(class); done < len(members) && members[done].order < o.order {
			if _, fits := p.try(members[done]); fits {
				return p, false
			}
		}
	}
	return next, true
}

// matter leaves out what can have no effect and says nothing.
func matter(operations []*Operation) []*Operation {
	refused, done := map[string]bool{}, map[string]bool{}
	for _, o := range operations {
		if o.Op == "redeem" && o.Key != "" {
			refused[o.Key] = refused[o.Key] || o.Outcome == "refused"
		}
		if o.Op == "redeem" && (o.Outcome == "ok" || o.Outcome == "withdrawn") {
			done[o.Key] = true
		}
	}
	var left []*Operation
	for _, o := range operations {
		if o.Outcome == "unknown" && o.isRead() {
			continue
		}
		if o.Outcome == "unknown" && o.Op == "redeem" && (refused[o.Key] || len(done) > 0 && !done[o.Key]) {
			continue
		}
		left = append(left, o)
	}
	return left
}

// plain drops keys that no other operation refers to, and tells a redemption without answer which token its repeat was
// answered. The operations given stay as they are.
func plain(operations []*Operation) []*Operation {
	may, revoking, tokens := map[string]bool{}, map[string]int{}, map[string]string{}
	for _, o := range operations {
		if o.Op == "redeem" && o.Replayed {
			tokens[o.Key] = o.Token
		}
		if o.Op == "redeem" && o.Outcome != "refused" {
			may[o.Key] = true
		}
		if o.Op == "revoke" {
			revoking[o.Key]++
		}
	}
	var left []*Operation
	for _, o := range operations {
		copied := *o
		if o.Op == "redeem" && o.Outcome == "refused" && !may[o.Key] || o.Op == "revoke" && revoking[o.Key] == 1 && !o.Replayed {
			copied.Key = ""
		}
		if o.Op == "redeem" && o.Outcome == "unknown" {
			copied.Token = tokens[o.Key]
		}
		left = append(left, &copied)
	}
	return left
}

// alike is what operations have in common that can stand for one another.
type alike struct {
	op, key, outcome, token, state string
	replayed, active, stale        bool
	after                          int
}

// repeatable: where the operation can be done, it can be done twice. Of two without answer the second has no effect.
func repeatable(o *Operation) bool {
	return o.isRead() || o.Replayed || o.Outcome != "ok" || o.Op == "revoke" && o.Key == ""
}

// place says of each operation which counters it needs, and makes the calls of stale reads as early as
// those of what they follow.
func place(operations []*Operation) *plan {
	byID, referred := map[int]*Operation{}, map[int]int{}
	counters := 0
	for _, o := range operations {
		byID[o.ID] = o
	}
	for _, o := range operations {
		if _, known := referred[o.After]; o.After != 0 && !known {
			referred[o.After] = counters
			counters++
		}
	}
	var called func(o *Operation) int64
	called = func(o *Operation) int64 {
		if after := byID[o.After]; o.Stale && after != nil {
			return called(after)
		}
		if o.Stale {
			return 0
		}
		return o.Call
	}
	made := &plan{idle: map[int][]*placed{}}
	for _, o := range operations {
		early := *o
		early.Call = called(o)
		made.all = append(made.all, &placed{Operation: &early, class: nowhere, mark: nowhere, after: nowhere})
	}
	sort.SliceStable(made.all, func(a, b int) bool { return made.all[a].Call < made.all[b].Call })
	type class struct{ counter, size int }
	classes := map[alike]*class{}
	for order, o := range made.all {
		o.order = order
		if at, known := referred[o.ID]; known {
			o.mark = at
		}
		if o.After != 0 {
			o.after = referred[o.After]
		}
		if !repeatable(o.Operation) {
			continue
		}
		key := alike{o.Op, o.Key, o.Outcome, o.Token, o.State, o.Replayed, o.Active != nil && *o.Active, o.Stale, o.After}
		if classes[key] == nil {
			classes[key] = &class{counter: counters}
			counters++
		}
		o.class, o.before = classes[key].counter, classes[key].size
		classes[key].size++
		if o.idle() {
			made.idle[o.class] = append(made.idle[o.class], o)
		}
	}
	made.begin = progress{counters: string(make([]byte, 2*counters))}
	return made
}

// search says whether there is an order for the operations of one code; Unknown when it hasn't found out in time, or
// for more than 65,535 operations.
func search(operations []*Operation, until time.Time) porcupine.CheckResult {
	left := time.Until(until)
	if len(operations) > math.MaxUint16 || left <= 0 {
		return porcupine.Unknown
	}
	plan := place(plain(matter(operations)))
	last, without := int64(0), 0
	for _, o := range plan.all {
		for _, time := range []int64{o.Call, o.Return} {
			if time > last {
				last = time
			}
		}
	}
	var history []porcupine.Operation
	for _, o := range plan.all {
		operation := porcupine.Operation{ClientId: o.Client, Input: o, Call: o.Call, Return: o.Return}
		if o.Outcome == "unknown" {
			operation.Return = last + 3
			without++
		}
		history = append(history, operation)
	}
	if without > 0 {
		history = append(history, porcupine.Operation{Input: &placed{end: true}, Call: last + 1, Return: last + 2})
	}
	return porcupine.CheckOperationsTimeout(porcupine.Model{
		Init: func() interface{} { return plan.begin },
		Step: func(state, input, _ interface{}) (bool, interface{}) {
			next, fits := plan.step(state.(progress), input.(*placed))
			return fits, next
		},
	}, history, left)
}
