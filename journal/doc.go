// Package journal changes several ordinary files as one transaction. After kill
// -9, a kernel panic or a power cut at any instant, the next Open finds all of a
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
// The files stay what they are: any program can read them, and write them while
// the journal is closed.
//
// # How a commit becomes durable
//
// What a transaction wants is written to temporary files first, and everything
// that can fail is tried or checked. Then its intents go to the log in one write,
// together with those of other transactions that commit at the same time, and one
// fsync makes them durable: the commit point. Then the temporary files are renamed
// into place. The files themselves are fsynced later, in the background, by a
// checkpoint, which lets the log be used anew. After a crash, Open does again what
// the log holds since the last checkpoint.
//
// # Limits
//
// A program that reads the files directly while a transaction is being applied
// can see some of them new and some old; View can't. Files beneath the root on
// another file system, and files that are mount points of their own, can't be
// changed: a rename could not put them in place. One process owns a tree at a time,
// and everything in it is changed by its user: files keep their owner only as far
// as the operating system lets it. Damage to the very last group of the log can't
// be told from a write that the power cut tore; those bytes are kept aside and
// reported. The hashes find accidents, not forgeries.
package journal
