package main

// The search against one without any shortcut, over random executions of a server that is written another way than the
// model, and over single changes of what was recorded.

import (
	"math/rand"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// server is one code's server: it remembers first answers by their keys.
type server struct {
	exists, isUsed, isRevoked bool
	token                     string
	answers                   map[string]o
}

func (s server) copied() server {
	answers := map[string]o{}
	for key, answer := range s.answers {
		answers[key] = answer
	}
	s.answers = answers
	return s
}

// serve answers the request; `token` is what a redemption would hand out.
func (s *server) serve(request o, token string) o {
	answer := o{Outcome: "ok", Token: request.Token}
	switch request.Op {
	case "lookup":
		answer.State = map[[3]bool]string{{}: "absent", {true}: "open", {true, true}: "used"}[[3]bool{s.exists, s.isUsed, s.isRevoked}]
		if s.isRevoked {
			answer.State = "revoked"
		}
		return answer
	case "introspect":
		active := s.isUsed && !s.isRevoked && s.token == request.Token
		answer.Active = &active
		return answer
	}
	name := request.Op + " " + request.Key
	if first, known := s.answers[name]; known && request.Key != "" {
		if s.isRevoked && request.Op != "revoke" {
			return o{Outcome: "withdrawn"}
		}
		first.Replayed = true
		return first
	}
	changed := true
	switch request.Op {
	case "generate":
		if s.exists {
			return o{Outcome: "another code"}
		}
		s.exists = true
	case "redeem":
		if !s.exists {
			return o{Outcome: "code unknown"} // nobody can ask this
		}
		if s.isUsed || s.isRevoked {
			return o{Outcome: "refused"}
		}
		s.isUsed, s.token, answer.Token = true, token, token
	case "revoke":
		if !s.exists {
			return o{Outcome: "not found"}
		}
		changed = !s.isRevoked
		s.isRevoked = true
	}
	if changed {
		s.answers[name] = answer
	}
	return answer
}

func same(a, b o) bool {
	active := func(o o) bool { return o.Active != nil && *o.Active }
	return a.Outcome == b.Outcome && a.Token == b.Token && a.Replayed == b.Replayed && a.State == b.State && active(a) == active(b)
}

// execute lets the requests take effect at random moments between call and answer. Some get no answer, and some of the
// reads are called stale, though they aren't.
func execute(chance *rand.Rand, count int) []*Operation {
	requests := []string{"generate", "redeem", "redeem", "redeem", "revoke", "lookup", "lookup", "introspect"}
	keys := []string{"a", "b", "c", ""}
	var asked []o
	var at []int64
	for n := 0; n < count; n++ {
		operation := o{Client: n, Op: requests[chance.Intn(len(requests))], Key: keys[chance.Intn(len(keys))]}
		if n == 0 {
			operation.Op = "generate"
		}
		if operation.isRead() {
			operation.Key = ""
		}
		if operation.Op == "introspect" {
			operation.Token = "tok_" + string(rune('0'+chance.Intn(count)))
		}
		operation.Call = 1 + int64(chance.Intn(40))
		operation.Return = operation.Call + int64(chance.Intn(20))
		asked = append(asked, operation)
		at = append(at, operation.Call+chance.Int63n(operation.Return-operation.Call+1))
		if chance.Intn(5) == 0 {
			asked[n].Outcome = "unknown"
			at[n] += int64(chance.Intn(60)) // also behind the last answer: as if never
		}
	}
	order := chance.Perm(count)
	for i := range order { // by the moment; those of one moment in random order
		for j := i; j > 0 && at[order[j]] < at[order[j-1]]; j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	serving := server{answers: map[string]o{}}
	var kept []o
	for _, n := range order {
		request := asked[n]
		answer := serving.serve(request, "tok_"+string(rune('0'+n)))
		if request.Outcome == "unknown" {
			request.Return = 0
			kept = append(kept, request)
			continue
		}
		if outcomes[request.Op][answer.Outcome] { // else nobody asks this
			request.Outcome, request.Token, request.Replayed = answer.Outcome, answer.Token, answer.Replayed
			request.State, request.Active = answer.State, answer.Active
			kept = append(kept, request)
		}
	}
	told := map[string]bool{}
	for _, operation := range kept {
		told[operation.Token] = told[operation.Token] || operation.Op == "redeem"
	}
	var possible []o
	for _, operation := range kept {
		if operation.Active == nil || !*operation.Active || told[operation.Token] { // else nobody knows the token
			possible = append(possible, operation)
		}
	}
	history := written(possible)
	for _, read := range history {
		if !read.isRead() || read.Outcome == "unknown" || chance.Intn(3) > 0 {
			continue
		}
		read.Stale = true
		for _, earlier := range history {
			if earlier.Outcome != "unknown" && earlier.Return < read.Call && earlier != read && chance.Intn(2) == 0 {
				read.After = earlier.ID
			}
		}
	}
	return history
}

// change makes one operation say something else.
func change(chance *rand.Rand, history []*Operation) {
	changed := history[chance.Intn(len(history))]
	states := []string{"absent", "open", "used", "revoked"}
	switch {
	case chance.Intn(4) == 0 && changed.Outcome != "unknown": // another time
		changed.Call = 1 + int64(chance.Intn(40))
		changed.Return = changed.Call + int64(chance.Intn(20))
	case changed.Outcome == "unknown":
		changed.Call = 1 + int64(chance.Intn(40))
	case changed.Op == "lookup":
		changed.State = states[chance.Intn(len(states))]
	case changed.Op == "introspect":
		active := !*changed.Active
		changed.Active = &active
	case changed.Op == "redeem" && changed.Outcome == "ok" && chance.Intn(2) == 0:
		changed.Outcome, changed.Token, changed.Replayed = "refused", "", false
	case changed.Op == "redeem" && changed.Outcome == "refused":
		changed.Outcome, changed.Token = "ok", "tok_x"
	case changed.Key != "" && changed.Outcome == "ok":
		changed.Replayed = !changed.Replayed
	case (changed.Outcome == "ok" || changed.Op == "redeem") && !isReferred(history, changed.ID):
		changed.Outcome, changed.Return, changed.Token, changed.Replayed = "unknown", 0, "", false
	}
}

// earliest is when the operation may have been done, at least.
func earliest(operation *Operation, all []*Operation) int64 {
	if !operation.Stale {
		return operation.Call
	}
	for _, other := range all {
		if other.ID == operation.After {
			return earliest(other, all)
		}
	}
	return 0
}

func isLeft(left []*Operation, id int) bool {
	for _, operation := range left {
		if operation.ID == id {
			return true
		}
	}
	return false
}

// hasOrder tries every order with the server above.
func hasOrder(all, left []*Operation, serving server) bool {
	first := int64(1 << 62) // no operation may come behind one that was answered before its call
	open := false
	for _, operation := range left {
		if operation.Outcome != "unknown" {
			open = true
			if operation.Return < first {
				first = operation.Return
			}
		}
	}
	if !open {
		return true
	}
	for at, operation := range left {
		if earliest(operation, all) > first || operation.After != 0 && isLeft(left, operation.After) {
			continue
		}
		rest := append(append([]*Operation(nil), left[:at]...), left[at+1:]...)
		next := serving.copied()
		token := operation.Token
		if operation.Outcome == "unknown" && operation.Op == "redeem" {
			// What it handed out is what its repeat was told.
			for _, other := range left {
				if other.Op == "redeem" && other.Replayed && other.Key == operation.Key {
					token = other.Token
				}
			}
		}
		answer := next.serve(*operation, token)
		if (operation.Outcome == "unknown" || same(answer, *operation)) && hasOrder(all, rest, next) {
			return true
		}
	}
	return false
}

func ordered(history []*Operation) bool {
	return hasOrder(history, history, server{answers: map[string]o{}})
}

func TestRandomExecutions(t *testing.T) {
	const rounds, operations = 2000, 7
	seed := time.Now().UnixNano()
	t.Log("seed", seed)
	chance := rand.New(rand.NewSource(seed))
	found := func(history []*Operation) bool { return search(history, time.Now().Add(time.Minute)) == porcupine.Ok }
	rejected, unknown := 0, 0
	for round := 0; round < rounds; round++ {
		history := execute(chance, operations)
		for _, operation := range history {
			if operation.Outcome == "unknown" {
				unknown++
			}
		}
		if !found(history) {
			t.Fatalf("round %d: an execution is rejected:\n%s", round, excerpt(history, time.Now().Add(time.Minute)))
		}
		for changes := 0; changes < 3; changes++ {
			changed := copied(history)
			change(chance, changed)
			wanted := ordered(changed)
			if found(changed) != wanted {
				t.Fatalf("round %d: ordered is %v:\n%s", round, wanted, jsonLines(t, changed))
			}
			if !wanted {
				rejected++
			}
		}
	}
	t.Log(rejected, "of", 3*rounds, "changed histories have no order;", unknown, "operations had no answer")
	if rejected < rounds/2 || unknown < rounds/2 {
		t.Error("the executions are too tame")
	}
}

func copied(history []*Operation) []*Operation {
	var all []*Operation
	for _, operation := range history {
		one := *operation
		all = append(all, &one)
	}
	return all
}

// Histories as long as a code's get: the execution is in order, and a second redemption or a lost one is not.
func TestLongExecutions(t *testing.T) {
	chance := rand.New(rand.NewSource(1))
	for round := 0; round < 200; round++ {
		history := execute(chance, 40)
		if got := search(history, time.Now().Add(time.Minute)); got != porcupine.Ok {
			t.Fatalf("round %d: %v", round, got)
		}
		for _, operation := range history {
			if operation.Op != "redeem" || operation.Outcome != "ok" {
				continue
			}
			doubled := append(copied(history), &Operation{ID: 1000, Op: "redeem", Code: operation.Code, Key: "z", Call: operation.Return + 1,
				Return: operation.Return + 100, Outcome: "ok", Token: "tok_z"})
			if got := search(doubled, time.Now().Add(time.Minute)); got != porcupine.Illegal {
				t.Fatalf("round %d: a double redemption is %v", round, got)
			}
			lost := append(copied(history), &Operation{ID: 1000, Op: "lookup", Code: operation.Code, Call: operation.Return + 1,
				Return: operation.Return + 100, Outcome: "ok", State: "open"})
			if got := search(lost, time.Now().Add(time.Minute)); got != porcupine.Illegal {
				t.Fatalf("round %d: a lost redemption is %v", round, got)
			}
		}
	}
}
