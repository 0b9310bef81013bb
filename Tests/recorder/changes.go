// SPDX-License-Identifier: MPL-2.0
// Changes files in every way that programs in Go do, without a C library: a case of test_programs.py.
package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	must(os.WriteFile("f", []byte("from go\n"), 0o600))
	must(os.Rename("d/1", "d/go"))
	must(os.RemoveAll("e"))
	must(os.MkdirAll("g/a/b", 0o700))
	must(os.Chmod("d", 0o711))
	must(os.Chtimes("big", time.Unix(1, 2), time.Unix(3, 4)))
	must(os.Link("big", "g/big"))
	must(os.Symlink("big", "g/soft"))
	must(os.Truncate("zero", 77))
	must(os.Remove("soft"))
	must(syscall.Setxattr("d/go", "user.note", []byte("go"), 0))
	must(syscall.Mkfifo("g/pipe", 0o644))
	var all sync.WaitGroup
	for i := 0; i < 16; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			name := fmt.Sprintf("g/a/%d", i)
			must(os.WriteFile(name, []byte(name), 0o644))
			if i%2 == 0 {
				must(os.Rename(name, name+"x"))
			}
			file, err := os.OpenFile("d/2", os.O_APPEND|os.O_WRONLY, 0)
			must(err)
			_, err = file.WriteString("x")
			must(err)
			must(file.Close())
		}(i)
	}
	all.Wait()
}
