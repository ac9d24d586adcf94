// Package inspect is what journal-inspect knows: a model of what a journal holds,
// of what a crash did to it and of what the next open will do, and its text, JSON
// and HTML renderings.
//
// It only reads. It takes no lock, so it works beside a live owner, and it
// depends on neither the journal nor the engine that appends to the log, so that
// it can't change what it looks at.
//
// Whatever comes out of a journal is taken for hostile: text goes to the terminal
// through a Printer, which lets no control character through.
package inspect
