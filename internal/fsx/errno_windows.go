package fsx

import "golang.org/x/sys/windows"

var linkErrnos = []windows.Errno{
	windows.ERROR_INVALID_FUNCTION, // from FAT
	windows.ERROR_NOT_SUPPORTED,
	windows.ERROR_TOO_MANY_LINKS,
	windows.ERROR_NOT_SAME_DEVICE,
	windows.ERROR_ACCESS_DENIED,
}

var temporaryErrnos = []windows.Errno{
	windows.ERROR_DISK_FULL,
	windows.ERROR_HANDLE_DISK_FULL,
	windows.ERROR_DISK_QUOTA_EXCEEDED,
	windows.ERROR_ACCESS_DENIED,
	windows.ERROR_PRIVILEGE_NOT_HELD,
	windows.ERROR_SHARING_VIOLATION,
	windows.ERROR_LOCK_VIOLATION,
	windows.ERROR_WRITE_PROTECT,
	windows.ERROR_TOO_MANY_OPEN_FILES,
	windows.ERROR_NOT_ENOUGH_MEMORY,
	windows.ERROR_OUTOFMEMORY,
	windows.ERROR_NO_SYSTEM_RESOURCES,
	windows.ERROR_IO_DEVICE,
	windows.ERROR_CRC,
	windows.ERROR_NOT_READY,
	windows.ERROR_BUSY,
	windows.ERROR_SEM_TIMEOUT,
}
