@echo off
rem Copyright: the netmin.windows contributors
rem GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
rem
rem Opens WinRM on a throw-away Windows Vista or later. The image runs it once, from C:\OEM, when an administrator first signs in.
rem Never on a machine that you want to keep: WinRM then answers everybody who knows the password.
rem Progress is in C:\OEM\netmin.log. Not tried on a real machine yet: see docs/real.md.
rem
rem No PowerShell: Windows Vista and Server 2008 have none, and no command here needs it. Nor is `winrm quickconfig` used: it refuses on a
rem network that counts as public (Microsoft, "Installation and configuration for Windows Remote Management").

set log=C:\OEM\netmin.log
echo WinRM is opened> %log%

rem An administrator other than the built-in one gets no rights over the network unless this is 1 (Microsoft, "User Account Control and
rem remote restrictions").
reg add HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System /v LocalAccountTokenFilterPolicy /t REG_DWORD /d 1 /f >> %log% 2>&1

sc config WinRM start= auto >> %log% 2>&1
net start WinRM >> %log% 2>&1

rem Server 2012 and later have this listener as installed, and say so. WinRM 1.1 of Windows Vista would listen on port 80, so the port is given.
call winrm create winrm/config/Listener?Address=*+Transport=HTTP @{Port="5985"} >> %log% 2>&1
call winrm set winrm/config/Listener?Address=*+Transport=HTTP @{Port="5985"} >> %log% 2>&1

rem Windows' own rule leaves out public networks, or lets in only the machine's own network.
netsh advfirewall firewall add rule name="WinRM for a test" dir=in action=allow protocol=TCP localport=5985 >> %log% 2>&1

call winrm enumerate winrm/config/Listener >> %log% 2>&1
echo WinRM was opened>> %log%
