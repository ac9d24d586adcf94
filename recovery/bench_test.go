package recovery_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/forewrite/forewrite/journal/record"
	"github.com/forewrite/forewrite/recovery"
)

// A journal that was closed cleanly, with a full-sized segment: what every ordinary
// start pays.
func BenchmarkRunAfterACleanClose(b *testing.B) {
	w := newWorld(b)
	w.Segment(4<<20).Close(1, 0)
	for b.Loop() {
		if r, err := w.recover(context.Background(), recovery.Options{}); err != nil || !r.Clean {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}

// A thousand transactions over a hundred files, none of them applied.
func BenchmarkRunAfterACrash(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b)
		for i := range 1000 {
			id := i + 1
			w.Tx(record.TxID(id), put(fmt.Sprintf("f%02d", i%100), fmt.Sprint(id)))
		}
		b.StartTimer()
		if r, err := w.recover(context.Background(), recovery.Options{}); err != nil || r.Replayed != 1000 {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}
