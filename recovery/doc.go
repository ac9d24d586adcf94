// Package recovery brings the files of a journal to the state that its log promises,
// after a crash at any instant. [Records] reads a log, [Plan] reports what recovery
// would do, and Run, which package journal calls when it opens a journal, does it.
//
// Recovery is an analysis followed by a redo. The analysis reads the log, looks at
// the paths that the log changes, and decides what is done about each of them; the
// table of decisions is in rules.go. It writes nothing, so Plan is the analysis
// alone. The redo executes the decisions.
//
// # Why a crash inside recovery is harmless
//
// The redo changes nothing in the log until everything else is durable: what it
// displaces has been copied to lost+found, and the files are redone and fsynced. Then
// it writes a segment with one checkpoint group, which continues the log. This is the
// one step that completes the recovery. A crash before it leaves the log as it was,
// and the next recovery takes the same steps; each intent is absolute, so doing it
// twice changes nothing. A crash after it leaves old segments and staged files that
// the log no longer needs, and the next recovery removes them.
//
// The bytes of a torn tail need not be cut off. The new segment carries the hash of
// the last valid group, which proves that no group is missing between them.
//
// # Files that were edited
//
// Any program can change a file between the crash and the recovery. So before a path
// is redone, what is found there is compared with what the log knows of it: all
// versions that the log holds, torn forms of them, and the size and modification time
// of the file that was replaced. Content that is none of these is unknown. Unknown
// content that changed after the journal's last sign of life is a later edit: it
// stays, and the version in the log goes to lost+found. Older unknown content goes to
// lost+found, and the version in the log replaces it.
//
// A removal is treated in the same way, except that the log does not hold what it
// removes: what is old, and was not described in the log, is what the transaction
// meant to remove. In a tree that is removed, files that were edited after the crash
// stay, with the directories above them.
//
// Recovery looks only at paths that the log changes.
package recovery
