// Package inspect is the model behind journal-inspect: what a journal holds, what a
// crash did to it, and what the next open will do. It renders nothing. Three packages
// below it do that, each for one kind of reader:
//
//	text    tables for a terminal, with or without colors
//	ndjson  JSON, one object a line, as docs/json.md documents it
//	page    one HTML page with drawings and no script
//
// They share package wording, so that sizes, times and names look the same in all of
// them. The JSON schema is that of the model's types: their field tags are the names
// that docs/json.md documents, and a test of package ndjson compares the two.
//
// # Reading
//
// [Find] returns a [Journal]. Each question about it is one method that reads the log
// from its beginning: [Journal.Status], [Journal.Check], [Journal.FindTx],
// [Journal.Stats], [Journal.Timeline], [Journal.Plan], [Journal.Cat] and
// [Journal.Salvage]; [Dump] filters records. All of them use [Journal.Scan].
//
// The package only reads. It takes no lock, so it works beside a live owner, and it
// depends on neither package journal nor the engine that appends to the log, so that
// it can't change what it looks at; a test checks the dependencies. Salvage writes,
// but only to a new directory outside the tree.
//
// # Hostile input
//
// Whatever comes out of a journal can be made up. The model does not change it; a
// rendering must escape it: text goes through text.Printer, JSON
// through ndjson.Writer and the page through html/template. FuzzHostileJournal
// checks all three.
//
// # How to add a finding
//
//  1. Add a constant for its code to explanations.go, with the next free number of
//     its hundred: JI0 for damage of the log, JI1 for what the next open clears up,
//     JI2 for staged payloads, JI3 for files of the tree. Codes are stable: one that
//     is given up is not used again.
//  2. Add its [Explanation] to [Explanations], in the order of the codes. Its severity
//     decides the exit code.
//  3. Report it: call add in check.go, check_staged.go or check_targets.go. A new way
//     in which a log can end gets a line in endCodes instead.
//  4. Add a journal that has it to the table in check_test.go. A test fails for each
//     code that no journal of the table produces.
package inspect
