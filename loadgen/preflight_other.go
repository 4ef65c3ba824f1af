//go:build !unix

package loadgen

// descriptorLimit is not known on this system.
func descriptorLimit() int { return 0 }
