package record_test

import (
	"fmt"
	"time"

	"github.com/forewrite/forewrite/journal/record"
)

// A group with one transaction, as the journal writes it and any tool can read it.
func Example() {
	intent := record.Intent{Tx: 7, Op: record.OpPut, Mode: 0o644, Path: "conf/app.toml", Payload: record.Inline([]byte("port = 80\n"))}
	intents := record.AppendIntent(nil, &intent)
	group := append(make([]byte, record.HeaderSize), intents...)
	group = record.AppendCommit(group, record.Commit{Tx: 7, Time: time.Unix(0, 0), Intents: 1}, intents)

	const salt = 0x5f0c9a3be1d27784 // of the segment
	record.Seal(group, salt, 1, 0)

	header, payload, err := record.OpenGroup(group, salt)
	if err != nil {
		fmt.Println(err)
		return
	}
	content, err := record.Parse(payload)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, tx := range content.Txs {
		for _, i := range tx.Intents {
			fmt.Printf("group %d, tx %d: %s %s %q\n", header.LSN, tx.ID, i.Op, i.Path, i.Payload.Data)
		}
	}
	// Output: group 1, tx 7: put conf/app.toml "port = 80\n"
}
