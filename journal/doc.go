// Package journal changes several ordinary files as one transaction. After kill -9, a
// kernel panic or a power cut at any instant, the next [Open] finds all of a
// transaction or nothing of it, and everything that Commit reported as done.
//
//	j, err := journal.Open(ctx, "data", nil) // recovers first, if need be
//	if err != nil {
//		return err
//	}
//	defer j.Close()
//	err = j.Update(ctx, func(tx *journal.Tx) error {
//		if err := tx.WriteFile("settings.json", settings, 0o644); err != nil {
//			return err
//		}
//		return tx.Rename("draft.md", "published.md")
//	})
//
// The files stay ordinary files: any program can read them. Other programs may change
// them between two commits.
//
// # How a commit becomes durable
//
// What a transaction writes goes to temporary files first, and everything that can fail
// is tried or checked. Then its intents go to the log in one write, together with those
// of other transactions that commit at the same time, and one fsync makes them durable:
// the commit point. Then the temporary files are renamed into place. The files
// themselves are fsynced later, in the background, by a checkpoint, after which that
// part of the log is reclaimed. After a crash, Open does again what the log has since
// the last checkpoint. docs/ARCHITECTURE.md follows one write through the code.
//
// # Reading
//
// A transaction is an fs.FS of the tree with its own changes. [Journal.View] and
// [Journal.Snapshot] show the tree as of one commit, in this process or, with
// Options.ReadOnly, in another one.
//
// # Errors
//
// What can fail fails before the commit point, with nothing changed and the journal
// usable. The errors to test for are the variables of this package, those of package
// io/fs, and the errors of the operating system; [TxError] has the operation and the
// names. After [ErrPoisoned] and [ErrCommitted] the journal must be opened again.
//
// # Limits
//
// A program that reads the files directly while a transaction is being applied can see
// some of them new and some old; View can't. Files below the root on another file
// system, and files that are mount points of their own, can't be changed: a rename does
// not reach them. One process owns a tree at a time, and everything is changed by its
// user: files keep their owner only as far as the operating system allows it. Damage to
// the very last group of the log can't be distinguished from a write that was torn by a
// power cut; those bytes are moved aside and reported. The hashes find accidents, not
// forgeries.
package journal
