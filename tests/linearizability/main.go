// Judges a recorded history of operations on registration codes: is there, for every code, one order of its operations
// that fits both the times at which they were called and answered, and the rules of a code (model.go)? The search is
// porcupine's; it shares no line with Countersign.
//
//	linearizability [-timeout DURATION] HISTORY
//
// HISTORY: JSON lines (history.go), - for standard input. Prints one line with the verdict; when a code has no such
// order, the operations that contradict each other, too. Exit: 0 linearizable, 1 not, 2 not a history or not decided.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

const (
	linearizable = 0
	violated     = 1
	undecided    = 2
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

func run(arguments []string, in io.Reader, out, errors io.Writer) int {
	flags := flag.NewFlagSet("linearizability", flag.ContinueOnError)
	flags.SetOutput(errors)
	timeout := flags.Duration("timeout", time.Minute, "for the search")
	if err := flags.Parse(arguments); err != nil {
		return undecided
	}
	if flags.NArg() != 1 || *timeout <= 0 {
		fmt.Fprintln(errors, "usage: linearizability [-timeout DURATION] HISTORY")
		return undecided
	}
	if name := flags.Arg(0); name != "-" {
		file, err := os.Open(name)
		if err != nil {
			fmt.Fprintln(errors, "linearizability:", err)
			return undecided
		}
		defer file.Close()
		in = file
	}
	history, err := readHistory(in)
	if err != nil {
		fmt.Fprintln(errors, "linearizability:", err)
		return undecided
	}
	verdict := judge(history, *timeout)
	fmt.Fprint(out, verdict.text)
	return verdict.status
}
