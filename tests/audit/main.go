// An auditor that shares no line with Countersign: it reads an account's log over HTTP and checks it with the packages
// that Go's own module mirror is checked with (golang.org/x/mod/sumdb/note and tlog).
//
//	audit log -url URL -key-file FILE -verifier KEY [-old CHECKPOINT-FILE [-old-verifier KEY]]
//	audit proof -verifier KEY -proof FILE
//
// log: the checkpoint's signature; every entry against the signed root; every tile; inclusion of every leaf; consistency
// with an older checkpoint. proof: what `countersign-replay prove` printed. Exit 1 with the first thing that is wrong.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	height    = 8
	width     = 1 << height
	leafBytes = 51
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) == 0 {
		return errors.New("log or proof is expected")
	}
	flags := flag.NewFlagSet(arguments[0], flag.ExitOnError)
	url := flags.String("url", "", "of the server")
	keyFile := flags.String("key-file", "", "file with an API key")
	verifierKey := flags.String("verifier", "", "verifier key of the log")
	old := flags.String("old", "", "file with an older checkpoint")
	oldVerifier := flags.String("old-verifier", "", "verifier key of the older checkpoint, if it is another one")
	proof := flags.String("proof", "", "file with a proof")
	flags.Parse(arguments[1:])
	verifier, err := note.NewVerifier(*verifierKey)
	if err != nil {
		return err
	}
	verifierBefore := verifier
	if *oldVerifier != "" {
		if verifierBefore, err = note.NewVerifier(*oldVerifier); err != nil {
			return err
		}
	}
	switch arguments[0] {
	case "log":
		key, err := os.ReadFile(*keyFile)
		if err != nil {
			return err
		}
		return auditLog(&server{*url, strings.TrimSpace(string(key))}, verifier, verifierBefore, *old)
	case "proof":
		return checkProof(*proof, verifier)
	}
	return errors.New("log or proof is expected")
}

// openCheckpoint checks a signed note and reads the tree head in it (C2SP tlog-checkpoint).
func openCheckpoint(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("the checkpoint: %w", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return tlog.Tree{}, fmt.Errorf("the checkpoint has %d lines", len(lines)-1)
	}
	if lines[0] != verifier.Name() {
		return tlog.Tree{}, fmt.Errorf("the checkpoint is of %s, not of %s", lines[0], verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

type server struct{ url, key string }

func (s *server) get(path string) ([]byte, error) {
	request, err := http.NewRequest("GET", s.url+"/v1/log/"+path, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != 200 {
		err = fmt.Errorf("%s: status %d: %s", path, response.StatusCode, body)
	}
	return body, err
}

// tiles reads tiles for tlog, whose names hold the height; those of C2SP tlog-tiles don't.
type tiles struct {
	server *server
	kept   map[tlog.Tile][]byte // checked against the root
	read   int
}

func (t *tiles) Height() int { return height }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		if bytes, found := t.kept[tile]; found {
			all = append(all, bytes)
			continue
		}
		bytes, err := t.server.get("tile/" + strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/", height)))
		if err != nil {
			return nil, err
		}
		t.read++
		all = append(all, bytes)
	}
	return all, nil
}

func (t *tiles) SaveTiles(checked []tlog.Tile, bytes [][]byte) {
	for i, tile := range checked {
		t.kept[tile] = bytes[i]
	}
}

// entries reads the leaves, bundle by bundle, and checks their form.
func entries(s *server, size int64) ([][]byte, error) {
	var leaves [][]byte
	for index := int64(0); index*width < size; index++ {
		tile := tlog.Tile{H: height, L: 0, N: index, W: width}
		if rest := size - index*width; rest < width {
			tile.W = int(rest)
		}
		name := strings.TrimPrefix(tile.Path(), fmt.Sprintf("tile/%d/0/", height))
		bundle, err := s.get("entries/" + name)
		if err != nil {
			return nil, err
		}
		same, err := s.get("tile/entries/" + name)
		if err != nil {
			return nil, err
		}
		if string(bundle) != string(same) {
			return nil, fmt.Errorf("the entry bundle %s has two contents", name)
		}
		for len(bundle) > 0 {
			if len(bundle) < 2+leafBytes || binary.BigEndian.Uint16(bundle) != leafBytes {
				return nil, fmt.Errorf("the entry bundle %s is malformed", name)
			}
			leaf := bundle[2 : 2+leafBytes]
			if sequence := binary.BigEndian.Uint64(leaf[1:]); leaf[0] != 1 || sequence != uint64(len(leaves)+1) {
				return nil, fmt.Errorf("entry %d has version %d and sequence %d", len(leaves), leaf[0], sequence)
			}
			leaves = append(leaves, leaf)
			bundle = bundle[2+leafBytes:]
		}
	}
	if int64(len(leaves)) != size {
		return nil, fmt.Errorf("there are %d entries, the checkpoint says %d", len(leaves), size)
	}
	return leaves, nil
}

// rootOf computes the root from the leaves alone.
func rootOf(leaves [][]byte) (tlog.Hash, error) {
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		var hashes []tlog.Hash
		for _, index := range indexes {
			hashes = append(hashes, stored[index])
		}
		return hashes, nil
	})
	for i, leaf := range leaves {
		more, err := tlog.StoredHashes(int64(i), leaf, reader)
		if err != nil {
			return tlog.Hash{}, err
		}
		stored = append(stored, more...)
	}
	return tlog.TreeHash(int64(len(leaves)), reader)
}

func auditLog(s *server, verifier, verifierBefore note.Verifier, old string) error {
	text, err := s.get("checkpoint")
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(text, verifier)
	if err != nil {
		return err
	}
	leaves, err := entries(s, tree.N)
	if err != nil {
		return err
	}
	root, err := rootOf(leaves)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the entries have the root %s, signed is %s", root, tree.Hash)
	}
	reader := &tiles{server: s, kept: map[tlog.Tile][]byte{}}
	hashes := tlog.TileHashReader(tree, reader) // checks every tile against the root
	for i, leaf := range leaves {
		proof, err := tlog.ProveRecord(tree.N, int64(i), hashes)
		if err != nil {
			return fmt.Errorf("inclusion of leaf %d: %w", i, err)
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(i), tlog.RecordHash(leaf)); err != nil {
			return fmt.Errorf("inclusion of leaf %d: %w", i, err)
		}
	}
	result := map[string]interface{}{"size": tree.N, "root": tree.Hash.String(), "tiles_read": reader.read}
	if old != "" {
		text, err := os.ReadFile(old)
		if err != nil {
			return err
		}
		before, err := openCheckpoint(text, verifierBefore)
		if err != nil {
			return fmt.Errorf("%s: %w", old, err)
		}
		if before.N > tree.N {
			return fmt.Errorf("the log has shrunk from %d to %d", before.N, tree.N)
		}
		proof, err := tlog.ProveTree(tree.N, before.N, hashes)
		if err != nil {
			return fmt.Errorf("consistency with %d: %w", before.N, err)
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
			return fmt.Errorf("consistency with %d: %w", before.N, err)
		}
		result["consistent_with"] = before.N
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// checkProof checks a proof against the roots that are in it, and the newer one against the checkpoint, if that is in
// it.
func checkProof(file string, verifier note.Verifier) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var p struct {
		Origin, Root, Leaf string
		Size               int64
		Index              *int64
		From               *struct {
			Size int64
			Root string
		}
		Proof      []string
		Checkpoint string
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return err
	}
	root, err := tlog.ParseHash(p.Root)
	if err != nil {
		return err
	}
	var hashes []tlog.Hash
	for _, text := range p.Proof {
		hash, err := tlog.ParseHash(text)
		if err != nil {
			return err
		}
		hashes = append(hashes, hash)
	}
	if p.Checkpoint != "" {
		tree, err := openCheckpoint([]byte(p.Checkpoint), verifier)
		if err != nil {
			return err
		}
		if tree.N != p.Size || tree.Hash != root {
			return errors.New("the proof leads to another head than the checkpoint's")
		}
	}
	if p.Index != nil {
		leaf, err := base64.StdEncoding.DecodeString(p.Leaf)
		if err != nil {
			return err
		}
		return tlog.CheckRecord(hashes, p.Size, root, *p.Index, tlog.RecordHash(leaf))
	}
	if p.From == nil {
		return errors.New("neither inclusion nor consistency")
	}
	before, err := tlog.ParseHash(p.From.Root)
	if err != nil {
		return err
	}
	return tlog.CheckTree(hashes, p.Size, root, p.From.Size, before)
}
