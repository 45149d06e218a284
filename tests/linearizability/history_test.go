package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lines of hand-made histories are short: "client op key call return outcome ...".
type o = Operation

func yes() *bool { answer := true; return &answer }
func no() *bool  { answer := false; return &answer }

// written numbers the operations, of one code unless they name another.
func written(operations []o) []*Operation {
	var history []*Operation
	for at := range operations {
		operation := operations[at]
		operation.ID = at + 1
		if operation.Code == "" {
			operation.Code = "rc_1"
		}
		history = append(history, &operation)
	}
	return history
}

func jsonLines(t *testing.T, history []*Operation) string {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	for _, operation := range history {
		if err := encoder.Encode(operation); err != nil {
			t.Fatal(err)
		}
	}
	return text.String()
}

// judged runs the program over the history, as its users do.
func judged(t *testing.T, history []*Operation) (int, string) {
	var out, errors bytes.Buffer
	status := run([]string{"-timeout", "20s", "-"}, strings.NewReader(jsonLines(t, history)), &out, &errors)
	return status, out.String() + errors.String()
}

var generated = o{Client: 1, Op: "generate", Key: "g", Call: 10, Return: 20, Outcome: "ok"}

func redeemed(client int, key, token string, call, ret int64) o {
	return o{Client: client, Op: "redeem", Key: key, Call: call, Return: ret, Outcome: "ok", Token: token}
}

func refusal(client int, key string, call, ret int64) o {
	return o{Client: client, Op: "redeem", Key: key, Call: call, Return: ret, Outcome: "refused"}
}

func unanswered(client int, op, key string, call int64) o {
	return o{Client: client, Op: op, Key: key, Call: call, Outcome: "unknown"}
}

func revocation(key string, call, ret int64) o {
	return o{Client: 9, Op: "revoke", Key: key, Call: call, Return: ret, Outcome: "ok"}
}

func seen(state string, call, ret int64) o {
	return o{Client: 8, Op: "lookup", Call: call, Return: ret, Outcome: "ok", State: state}
}

func introspected(token string, active *bool, call, ret int64) o {
	return o{Client: 7, Op: "introspect", Token: token, Call: call, Return: ret, Outcome: "ok", Active: active}
}

func again(operation o, call, ret int64) o {
	operation.Replayed, operation.Call, operation.Return, operation.Outcome = true, call, ret, "ok"
	return operation
}

func withdrawn(operation o, call, ret int64) o {
	operation.Outcome, operation.Token, operation.Call, operation.Return = "withdrawn", "", call, ret
	return operation
}

func stale(operation o, after int) o {
	operation.Stale, operation.After = true, after
	return operation
}

func TestHistoriesThatAreInOrder(t *testing.T) {
	first := redeemed(2, "r", "tok_1", 30, 40)
	for name, history := range map[string][]o{
		"a code's whole life": {generated, seen("open", 21, 22), first, introspected("tok_1", yes(), 41, 42), refusal(3, "s", 43, 44),
			revocation("v", 50, 60), introspected("tok_1", no(), 61, 62), refusal(3, "t", 63, 64), seen("revoked", 65, 66), revocation("w", 70, 80)},
		"a race with one winner":                 {generated, first, refusal(3, "s", 25, 45), refusal(4, "t", 31, 32), seen("open", 25, 45), seen("used", 30, 39)},
		"a refusal before the winner's answer":   {generated, redeemed(2, "r", "tok_1", 30, 90), refusal(3, "s", 35, 40)},
		"a revocation races a redemption":        {generated, first, revocation("v", 35, 38), introspected("tok_1", no(), 41, 42)},
		"a revocation comes first":               {generated, refusal(2, "r", 30, 40), revocation("v", 25, 38)},
		"a lookup before anything":               {seen("absent", 1, 12), generated},
		"unknown that took effect":               {generated, unanswered(2, "redeem", "r", 30), seen("used", 50, 60), refusal(3, "s", 70, 80)},
		"unknown that took effect late":          {generated, unanswered(2, "redeem", "r", 30), seen("open", 50, 60), seen("used", 70, 80)},
		"unknown that did not":                   {generated, unanswered(2, "redeem", "r", 30), redeemed(3, "s", "tok_2", 50, 60)},
		"unknown, and its repeat's answer":       {generated, unanswered(2, "redeem", "r", 30), again(first, 50, 60), introspected("tok_1", yes(), 61, 62)},
		"unknown, and its repeat does it":        {generated, unanswered(2, "redeem", "r", 30), seen("open", 40, 41), redeemed(2, "r", "tok_1", 50, 60)},
		"unknown, and its repeat is too late":    {generated, unanswered(2, "redeem", "r", 30), redeemed(3, "s", "tok_2", 35, 40), refusal(2, "r", 50, 60)},
		"an unknown generation and its repeat":   {unanswered(1, "generate", "g", 5), again(generated, 10, 20), seen("open", 21, 22)},
		"an unknown revocation":                  {generated, unanswered(9, "revoke", "v", 30), seen("revoked", 40, 50), again(revocation("v", 0, 0), 60, 70)},
		"an unknown revocation that did nothing": {generated, revocation("w", 25, 28), unanswered(9, "revoke", "v", 30), revocation("v", 40, 50)},
		"repeats":                                {generated, again(generated, 22, 24), first, again(first, 41, 42), again(generated, 43, 44)},
		"repeats after the revocation":           {generated, first, revocation("v", 50, 60), withdrawn(first, 61, 62), withdrawn(generated, 63, 64), again(revocation("v", 0, 0), 65, 66)},
		"several codes": {generated, {Client: 1, Op: "generate", Key: "h", Call: 10, Return: 20, Outcome: "ok", Code: "rc_2"}, first,
			{Client: 2, Op: "redeem", Key: "x", Call: 41, Return: 50, Outcome: "ok", Token: "tok_2", Code: "rc_2"}},
		"stale without a position": {generated, first, stale(seen("absent", 50, 60), 0), stale(seen("open", 61, 62), 0)},
		"stale, not older than its position": {generated, first, stale(seen("open", 50, 60), 1), stale(introspected("tok_1", yes(), 61, 62), 2),
			revocation("v", 70, 80), stale(seen("used", 90, 95), 2)},
	} {
		t.Run(name, func(t *testing.T) {
			if status, said := judged(t, written(history)); status != linearizable || !strings.HasPrefix(said, "linearizable: ") {
				t.Errorf("exit status %d: %s", status, said)
			}
		})
	}
}

func TestHistoriesThatContradict(t *testing.T) {
	first := redeemed(2, "r", "tok_1", 30, 40)
	for name, history := range map[string][]o{
		"a double redemption":                         {generated, first, redeemed(3, "s", "tok_2", 50, 60)},
		"a double redemption at once":                 {generated, first, redeemed(3, "s", "tok_2", 30, 40)},
		"a double redemption, one unanswered":         {generated, unanswered(2, "redeem", "r", 30), redeemed(3, "s", "tok_2", 50, 60), again(first, 70, 80)},
		"a lost acknowledged generation":              {generated, seen("absent", 21, 22)},
		"a lost acknowledged generation, refused":     {generated, refusal(2, "r", 30, 40)},
		"a lost acknowledged redemption":              {generated, first, seen("open", 50, 60)},
		"a lost acknowledged revocation":              {generated, revocation("v", 30, 40), seen("open", 50, 60)},
		"a refusal of an open code":                   {generated, refusal(2, "r", 30, 40), seen("open", 50, 60)},
		"a refusal before the winner began":           {generated, refusal(3, "s", 25, 29), first},
		"a resurrected code":                          {generated, revocation("v", 25, 28), first},
		"a code that is open again":                   {generated, first, seen("used", 41, 42), seen("open", 43, 44)},
		"a stale look-up":                             {generated, first, seen("open", 41, 50)},
		"a look-up ahead of its time":                 {generated, seen("used", 25, 29), first},
		"a redemption of an absent code":              {redeemed(2, "r", "tok_1", 1, 5), generated},
		"an unknown that took effect and didn't":      {generated, unanswered(2, "redeem", "r", 30), seen("used", 40, 41), seen("open", 42, 43)},
		"an unknown that took effect before its call": {generated, seen("used", 25, 29), unanswered(2, "redeem", "r", 30)},
		"an unknown that took effect, and is refused": {generated, unanswered(2, "redeem", "r", 30), seen("used", 40, 41), refusal(2, "r", 50, 60)},
		"a repeat that does it again":                 {generated, first, redeemed(2, "r", "tok_2", 50, 60)},
		"a repeat with another answer":                {generated, first, again(redeemed(2, "r", "tok_2", 0, 0), 50, 60)},
		"a repeat that is refused":                    {generated, first, refusal(2, "r", 50, 60)},
		"a repeat of nothing":                         {generated, again(first, 30, 40)},
		"a repeat of a revoked secret":                {generated, first, revocation("v", 50, 60), again(first, 70, 80)},
		"a repeated generation of a revoked code":     {generated, revocation("v", 50, 60), again(generated, 70, 80)},
		"a withdrawal without a revocation":           {generated, first, withdrawn(first, 50, 60)},
		"a generation again":                          {generated, {Client: 1, Op: "generate", Key: "h", Call: 30, Return: 40, Outcome: "ok"}},
		"a dead token that is active":                 {generated, first, revocation("v", 50, 60), introspected("tok_1", yes(), 61, 62)},
		"a live token that isn't":                     {generated, first, introspected("tok_1", no(), 50, 60)},
		"another token":                               {generated, first, introspected("tok_2", yes(), 50, 60)},
		"a stale read of what never was":              {generated, stale(seen("used", 50, 60), 0)},
		"a stale read of the future":                  {generated, stale(seen("used", 22, 23), 0), first},
		"stale, and older than its position":          {generated, first, stale(seen("open", 50, 60), 2)},
		"stale, and going back":                       {generated, first, stale(seen("used", 50, 60), 1), stale(seen("open", 70, 80), 3)},
		"the second of two codes": {generated, first, {Client: 1, Op: "generate", Key: "h", Call: 10, Return: 20, Outcome: "ok", Code: "rc_2"},
			{Client: 8, Op: "lookup", Call: 50, Return: 60, Outcome: "ok", State: "used", Code: "rc_2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if status, said := judged(t, written(history)); status != violated || !strings.HasPrefix(said, "NOT linearizable: ") {
				t.Errorf("exit status %d: %s", status, said)
			}
		})
	}
}

func TestAnExcerptIsWhatContradicts(t *testing.T) {
	history := []o{generated}
	for call := int64(100); call < 200; call += 2 {
		history = append(history, seen("open", call, call+1))
	}
	history = append(history, redeemed(2, "r", "tok_1", 300, 310))
	for call := int64(400); call < 500; call += 2 {
		history = append(history, seen("used", call, call+1), refusal(3, "s", call, call+1))
	}
	history = append(history, redeemed(4, "t", "tok_2", 600, 610))
	_, said := judged(t, written(history))
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if len(lines) != 5 || !strings.Contains(lines[0], "first rc_1;") || !strings.Contains(lines[1], "these 3 of its 153 operations") {
		t.Fatal(said)
	}
	for at, wanted := range []string{"generate with key g: ok", "redeem with key r: ok tok_1", "redeem with key t: ok tok_2"} {
		if !strings.HasSuffix(lines[2+at], wanted) {
			t.Error(lines[2+at])
		}
	}
}

func TestWhatIsNoHistory(t *testing.T) {
	good := `{"id":1,"client":1,"op":"generate","code":"rc_1","key":"g","call":10,"return":20,"outcome":"ok"}` + "\n"
	for name, text := range map[string]string{
		"nothing":                  "",
		"half a line":              good[:40],
		"a field nobody knows":     strings.Replace(good, "client", "klient", 1),
		"two in a line":            strings.TrimSpace(good) + good,
		"an id twice":              good + good,
		"a return before the call": strings.Replace(good, `"return":20`, `"return":5`, 1),
		"no return":                strings.Replace(good, `,"return":20`, "", 1),
		"an outcome nobody knows":  strings.Replace(good, `"ok"`, `"maybe"`, 1),
		"a refused generation":     strings.Replace(good, `"ok"`, `"refused"`, 1),
		"a state nobody knows":     good + `{"id":2,"client":1,"op":"lookup","code":"rc_1","call":30,"return":40,"outcome":"ok","state":"gone"}`,
		"a redemption of nothing":  good + `{"id":2,"client":1,"op":"redeem","code":"rc_1","call":30,"return":40,"outcome":"ok"}`,
		"after the future":         good + `{"id":2,"client":1,"op":"lookup","code":"rc_1","call":15,"return":40,"outcome":"ok","state":"open","stale":true,"after":1}`,
		"a line without end":       strings.Replace(good, "rc_1", strings.Repeat("x", mostLineBytes), 1),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "history")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var out, errors bytes.Buffer
			if status := run([]string{file}, nil, &out, &errors); status != undecided || errors.Len() == 0 || out.Len() != 0 {
				t.Errorf("exit status %d: %s%s", status, out.String(), errors.String())
			}
		})
	}
	var out, errors bytes.Buffer
	if status := run([]string{"-"}, strings.NewReader(good), &out, &errors); status != linearizable {
		t.Error(errors.String())
	}
	if status := run([]string{filepath.Join(t.TempDir(), "none")}, nil, &out, &errors); status != undecided {
		t.Error("no file, but a verdict")
	}
}

// A search that tried the orders of a crowd one by one would not end.
func TestCrowds(t *testing.T) {
	crowd := func(winners int, unknown bool) []*Operation {
		history := []o{generated}
		for client := 0; client < 64; client++ {
			key := string(rune('A'+client%26)) + string(rune('a'+client/26))
			wins := client >= 64-winners
			operation := refusal(client, key, 100+int64(client), 1000)
			if wins {
				operation = redeemed(client, key, "tok_"+key, 100+int64(client), 1000)
			}
			if unknown {
				history = append(history, unanswered(client, "redeem", key, 100+int64(client)))
				operation.Call, operation.Return = operation.Call+2000, 3000
				operation.Replayed = wins
			}
			history = append(history, operation)
			history = append(history, seen("open", 100, 1000), seen("used", 100, 3000), introspected("tok_Lc", no(), 100, 3000))
		}
		return written(history)
	}
	for _, unknown := range []bool{false, true} {
		for winners, wanted := range []int{violated, linearizable, violated} {
			begin := time.Now()
			if status, said := judged(t, crowd(winners, unknown)); status != wanted {
				t.Errorf("%d winners, unknown %v: exit status %d after %v: %s", winners, unknown, status, time.Since(begin), said)
			}
		}
	}
}
