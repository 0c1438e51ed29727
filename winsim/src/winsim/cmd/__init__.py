# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small cmd.exe: how a line is read and what its own commands do.

Knows no host: files, programs and time are passed in (`system.py`). What it does not know it refuses with a message.
Sources: Microsoft, the help texts of cmd, for, if, set, call, setlocal, start; the phases of the parser as published by its users
("How does the Windows Command Interpreter (CMD.EXE) parse scripts?"). Exit codes of set /a: SS64, "set".
"""
