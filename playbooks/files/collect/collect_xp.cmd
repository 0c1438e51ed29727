@echo off
rem netmin.windows: collect for Windows XP and Server 2003
rem Copyright: the netmin.windows contributors
rem GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
rem
rem Writes down what listens here, which services run, and what the registry says of them, in a new folder that you name.
rem Run it as administrator, for example:   collect_xp.cmd C:\NETMIN
rem It changes nothing else.
rem
rem Exit codes: 0 everything was collected     1 no folder was named     2 this is another Windows     3 you are not administrator
rem             4 the folder cannot be used    5 a tool of this Windows does not work as this script needs it
rem             6 done, but something could not be read     7 this is a 32-bit command prompt on a 64-bit Windows

rem However this computer is set up: call and for are known here, and an exclamation mark in a name is nothing but that.
setlocal enableextensions disabledelayedexpansion
set "TOOLS=%SystemRoot%\System32"
set "TO=%~1"
set "LOST="
if not defined TO goto usage

rem A 32-bit command prompt on a 64-bit Windows is shown another part of the registry.
if defined PROCESSOR_ARCHITEW6432 goto bits

rem Before anything is believed, each tool is tried on something that is known.
ver | "%TOOLS%\find.exe" " 5.1." >nul
if not errorlevel 1 goto known
ver | "%TOOLS%\find.exe" " 5.2." >nul
if errorlevel 1 goto other
:known
"%TOOLS%\reg.exe" query "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion" /v CurrentBuildNumber >nul 2>&1
if errorlevel 1 goto reg
"%TOOLS%\sc.exe" query RpcSs | "%TOOLS%\find.exe" "4  RUNNING" >nul
if errorlevel 1 goto sc

rem Only an administrator may ask whether a disk is dirty; where the disk is of another kind, only he may see this key.
"%TOOLS%\fsutil.exe" dirty query %SystemDrive% >nul 2>&1
if not errorlevel 1 goto allowed
"%TOOLS%\reg.exe" query HKU\S-1-5-19 >nul 2>&1
if errorlevel 1 goto rights
:allowed

if exist "%TO%\collect.txt" goto used
if not exist "%TO%\" md "%TO%"
>"%TO%\collect.txt" echo netmin.windows collect 1
if not exist "%TO%\collect.txt" goto folder
>>"%TO%\collect.txt" echo systemroot %SystemRoot%

rem Which code page the listings are in, and which Windows this is.
"%TOOLS%\chcp.com" >"%TO%\chcp.txt"
ver >"%TO%\ver.txt"

rem The registry.
call :key product.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ProductOptions"
call :key codepage.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\CodePage"
call :key language.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Nls\Language"
call :key services.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services"
call :key adapters.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{4D36E972-E325-11CE-BFC1-08002BE10318}"
call :key computer.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\ComputerName"
call :key windows.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Windows"
call :key session.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager"
call :key terminal.reg "HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Terminal Server"
call :key ole.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Ole"
call :key rpc.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Rpc"
rem These are often not there; then no file is made, and that is an answer as well.
call :key policies.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft"
call :key history.reg "HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Windows\CurrentVersion\Group Policy\History"
call :key netmin.reg "HKEY_LOCAL_MACHINE\SOFTWARE\netmin.windows"
for %%f in (product.reg services.reg adapters.reg computer.reg session.reg rpc.reg) do call :must %%f

rem Which services and drivers there are, and what each of them does now.
call :list service _PROCESS
call :list driver _DRIVER
"%TOOLS%\net.exe" start >"%TO%\net-start.txt"
call :must net-start.txt

rem What listens, and how the host is connected.
"%TOOLS%\netstat.exe" -ano >"%TO%\netstat.txt"
call :must netstat.txt
"%TOOLS%\ipconfig.exe" /all >"%TO%\ipconfig.txt"
"%TOOLS%\route.exe" print >"%TO%\route.txt"

rem These ask WMI and come last, where it may not work. Home editions have neither.
if exist "%TOOLS%\tasklist.exe" "%TOOLS%\tasklist.exe" /svc /fo csv /nh >"%TO%\tasklist.csv" 2>nul
if exist "%TOOLS%\driverquery.exe" "%TOOLS%\driverquery.exe" /fo csv /nh >"%TO%\driverquery.csv" 2>nul

rem Once more, since a service may just have been starting.
"%TOOLS%\netstat.exe" -ano >"%TO%\netstat2.txt"
call :must netstat2.txt
>>"%TO%\collect.txt" echo done

echo.
echo The folder may hold secrets: exports of the registry have those of other makers' services, and SNMP communities. Keep it safe.
if defined LOST goto lost
echo Done. Everything was collected in "%TO%".
exit /b 0

:key
rem A key that is not there leaves no file.
>>"%TO%\collect.txt" echo key %~1 %~2
"%TOOLS%\reg.exe" export "%~2" "%TO%\%~1" >nul 2>&1
goto :eof

:list
rem One list of all. Before Service Pack 2 of Windows XP and Service Pack 1 of Server 2003 it is refused, being too large: then by pages.
set "FILE=sc-%~1.txt"
>>"%TO%\collect.txt" echo services %FILE%
"%TOOLS%\sc.exe" queryex type= %~1 state= all bufsize= 262144 >"%TO%\%FILE%"
if not errorlevel 1 goto :eof
set "FROM=0"
set "PAGE=0"
:page
set "ROWS=0"
set /a PAGE=PAGE+1
set "FILE=sc-%~1-%PAGE%.txt"
"%TOOLS%\sc.exe" queryex type= %~1 state= all bufsize= 65536 ri= %FROM% >"%TO%\%FILE%"
"%TOOLS%\find.exe" "%~2" <"%TO%\%FILE%" >nul
if not errorlevel 1 goto rows
if %PAGE%==1 set "LOST=%LOST% %FILE%"
goto :eof
:rows
for /f %%n in ('type "%TO%\%FILE%" ^| "%TOOLS%\find.exe" /c "%~2"') do set "ROWS=%%n"
if %ROWS%==0 goto :eof
>>"%TO%\collect.txt" echo services %FILE%
set /a FROM=FROM+ROWS
if not %PAGE%==20 goto page
goto :eof

:must
if not exist "%TO%\%~1" set "LOST=%LOST% %~1"
goto :eof

:usage
echo Name a new folder: collect_xp.cmd C:\NETMIN
exit /b 1

:other
echo This is not Windows XP and Server 2003. Use collect_2000.cmd on Windows 2000, collect_vista.cmd on Windows Vista, Server 2008 and anything later.
exit /b 2

:rights
echo You are not administrator here. Log on as administrator and run the script again.
exit /b 3

:used
echo "%TO%" holds what was collected earlier. Name a new folder.
exit /b 4

:folder
echo "%TO%" cannot be written. Name a folder on a disk that can, with some 50 MB left.
exit /b 4

:reg
echo "reg query" does not read the number of the build, so nothing else that it reads can be believed.
exit /b 5

:sc
echo "sc query RpcSs" does not show a service that always runs, so nothing else that it shows can be believed.
exit /b 5

:lost
echo Done, but this could not be read:%LOST%
exit /b 6

:bits
echo This is a 32-bit command prompt on a 64-bit Windows. Start cmd.exe of %SystemRoot%\System32 from the Start menu and run the script there.
exit /b 7
